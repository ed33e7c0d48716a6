import CKernels

extension Tape {
  /// Layer normalisation, of a sum where a residual connection comes before it: each row of a + b is shifted and
  /// scaled to mean 0 and variance 1, then multiplied by the gain and shifted by the bias.
  ///
  /// Ba, Kiros and Hinton, arXiv:1607.06450; as PyTorch's `LayerNorm`.
  /// - Parameters:
  ///   - a: `[R, D]`; b too, or nil for nothing.
  ///   - gain: `[D]`.
  ///   - bias: `[D]`; nil for none.
  ///   - epsilon: is added to the variance.
  /// - Returns: `[R, D]`.
  public func layerNorm(
    _ a: Variable, plus b: Variable? = nil, gain: Parameter, bias: Parameter?, epsilon: Float
  ) -> Variable {
    let gain = variable(gain), bias = bias.map(variable)
    let rows = a.value.rows, width = a.value.columns
    precondition(
      b.map { $0.value.rows == rows && $0.value.columns == width } ?? true && gain.value.count == width
        && bias.map { $0.value.count == width } ?? true,
      shapes(a.value, (b ?? a).value))
    let standard = arena.uninitialised(rows: rows, columns: width)
    let inverseDeviation = arena.uninitialised(rows: rows, columns: 1)
    let y = arena.uninitialised(rows: rows, columns: width)
    ck_layer_norm(
      Int64(rows), Int64(width), a.value.base, b?.value.base, gain.value.base, bias?.value.base, epsilon,
      standard.base, inverseDeviation.base, y.base)
    return record(y) { [arena] dy in
      let dSum = arena.uninitialised(rows: rows, columns: width)
      ck_layer_norm_backward(
        Int64(rows), Int64(width), gain.value.base, standard.base, inverseDeviation.base, dy.base,
        gain.gradient!.base, bias?.gradient!.base, dSum.base)
      // A gradient belongs to one variable, so the other gets a copy.
      b?.accumulate(dSum.copied(in: arena))
      a.accumulate(dSum)
    }
  }
}
