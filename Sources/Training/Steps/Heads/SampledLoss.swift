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

  /// What is taken off each candidate's score for being likely to be one; empty for nothing. Samples come with a
  /// probability of p^alpha, but for a constant, targets with p. Where alpha is 0 all items are drawn alike, those too
  /// that do not occur in training, whose log p is no number.
  /// - Parameter targets: how many of the candidates are targets, the first ones.
  func correction(_ candidates: [Int32], targets: Int) -> [Float] {
    guard plan.kind == .sampledCrossEntropy, plan.logQ > 0 else { return [] }
    return candidates.enumerated().map { place, row in
      let exponent = place < targets ? 1 : plan.sampleAlpha
      return exponent == 0 ? 0 : Float(Double(plan.logQ) * exponent * logShare[Int(row)])
    }
  }

  /// Turns logits, `[targets, candidates]`, into scale · their gradients.
  /// - Parameters:
  ///   - firstTarget: which candidate the first row's target is; that of row r is r behind it.
  ///   - scratch: twice as many floats as candidates.
  /// - Returns: the sum of the losses.
  func turnIntoGradients(
    _ logits: Tensor, firstTarget: Int, _ correction: [Float], scale: Float, scratch: Tensor
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
      ck_sampled_loss(
        kind, Int64(logits.rows), Int64(logits.columns), Int64(firstTarget),
        correction.isEmpty ? nil : correction.baseAddress, alpha, plan.bprRegularisation, scale, logits.base,
        scratch.base, &losses)
    }
    return losses.reduce(0, +)
  }
}
