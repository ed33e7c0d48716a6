import Tensors

/// What the first walk gathers of a stripe for each session vector.
struct StripeSums {
  /// What exponents are told from, `[S]`.
  let references: UnsafeMutablePointer<Float>
  /// Σ 2^(logit · log₂e - reference), `[S]`.
  let sums: UnsafeMutablePointer<Double>
  /// Σ 2^(logit · log₂e - reference) · row, the target's row left out, `[S, D]`.
  let gradients: Tensor
}
