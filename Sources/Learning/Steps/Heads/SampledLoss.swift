import CKernels
import Tensors

/// A loss over candidates: from their scores to the scores' gradients.
struct SampledLoss {
  private let plan: LossPlan
  /// Of each row among all occurrences of items in training, `[items + 1]`.
  private let logShare: [Double]

  init(_ plan: LossPlan, logShare: [Double]) {
    self.plan = plan
    self.logShare = logShare
  }

  /// What is taken off a candidate's score for being likely to be one. Samples come with a probability of p^alpha, but
  /// for a constant, targets with p. Where alpha is 0 all items are drawn alike, those too that do not occur in
  /// training, whose log p is no number.
  func correction(of row: Int32, isTarget: Bool) -> Float {
    let exponent = isTarget ? 1 : plan.sampleAlpha
    return exponent == 0 ? 0 : Float(Double(plan.logQ) * exponent * logShare[Int(row)])
  }

  var isCorrected: Bool { plan.kind == .sampledCrossEntropy && plan.logQ > 0 }

  /// Turns logits, `[targets, candidates]`, into scale · their gradients.
  /// - Parameters:
  ///   - positives: which candidate each row's target is.
  ///   - correction: of each candidate; empty for none.
  ///   - scratch: twice as many floats as candidates.
  /// - Returns: the sum of the losses.
  func turnIntoGradients(
    _ logits: Tensor, positives: ArraySlice<Int32>, _ correction: [Float], scale: Float, scratch: Tensor
  ) -> Double {
    let kind: ck_sampled_loss_kind =
      switch plan.kind {
      case .crossEntropy, .sampledCrossEntropy: ck_loss_cross_entropy
      case .bprMax: ck_loss_bpr_max
      case .top1Max: ck_loss_top1_max
      }
    let alpha: Float = if case .elu(let alpha) = plan.activation { alpha } else { 0 }
    var losses = [Double](repeating: 0, count: logits.rows)
    correction.withUnsafeBufferPointer { correction in
      positives.withUnsafeBufferPointer { positives in
        ck_sampled_loss(
          kind, Int64(logits.rows), Int64(logits.columns), positives.baseAddress,
          correction.isEmpty ? nil : correction.baseAddress, alpha, plan.bprRegularisation, scale, logits.base,
          scratch.base, &losses)
      }
    }
    return losses.reduce(0, +)
  }
}
