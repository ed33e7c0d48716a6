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

  /// A number that the loss needs of each candidate beside its scores: for binary losses 1 for a negative, 0 for what
  /// is a target alone; for sampled cross-entropy what is taken off its scores.
  ///
  /// Binary losses have the samples alone as negatives, as in their papers: targets are there as often as they are
  /// popular, which the calibration of gBCE does not reckon with.
  func number(of row: Int32, isTarget: Bool) -> Float {
    plan.kind.isBinary ? (isTarget ? 0 : 1) : correction(of: row, isTarget: isTarget)
  }

  /// What is taken off a candidate's score for being likely to be one. Samples come with a probability of p^alpha, but
  /// for a constant, targets with p. Where alpha is 0 all items are drawn alike, those too that do not occur in
  /// training, whose log p is no number.
  private func correction(of row: Int32, isTarget: Bool) -> Float {
    let exponent = isTarget ? 1 : plan.sampleAlpha
    return exponent == 0 ? 0 : Float(Double(plan.logQ) * exponent * logShare[Int(row)])
  }

  /// Whether there is such a number.
  var hasNumbers: Bool { plan.kind.isBinary || plan.kind == .sampledCrossEntropy && plan.logQ > 0 }

  /// Turns logits, `[targets, candidates]`, into scale · their gradients.
  /// - Parameters:
  ///   - positives: which candidate each row's target is.
  ///   - numbers: `number` of each candidate; empty for none.
  ///   - scratch: twice as many floats as candidates.
  /// - Returns: the sum of the losses.
  func turnIntoGradients(
    _ logits: Tensor, positives: ArraySlice<Int32>, _ numbers: [Float], scale: Float, scratch: Tensor
  ) -> Double {
    let rows = Int64(logits.rows), columns = Int64(logits.columns)
    let alpha: Float = if case .elu(let alpha) = plan.activation { alpha } else { 0 }
    var losses = [Double](repeating: 0, count: logits.rows)
    numbers.withUnsafeBufferPointer { numbers in
      positives.withUnsafeBufferPointer { positives in
        guard let positives = positives.baseAddress else { return }
        if plan.kind.isBinary {
          ck_binary_loss(
            rows, columns, positives, numbers.baseAddress, targetWeight(negatives: numbers), alpha, scale,
            logits.base, &losses)
        } else {
          ck_sampled_loss(
            plan.kind.kernel, rows, columns, positives, numbers.isEmpty ? nil : numbers.baseAddress, alpha,
            plan.bprRegularisation, scale, logits.base, scratch.base, &losses)
        }
      }
    }
    return losses.reduce(0, +)
  }

  /// β of gBCE, the power of a target's probability: negatives are seen less often than the catalogue has them, and
  /// this takes off the overconfidence that comes of it, for t = 1 all of it. With α for the share of the catalogue that
  /// is sampled, β = α(t(1 - 1/α) + 1/α).
  ///
  /// Petrov and Macdonald, "gSASRec: Reducing Overconfidence in Sequential Recommendation Trained with Negative
  /// Sampling", RecSys 2023 (arXiv:2308.07192).
  private func targetWeight(negatives: UnsafeBufferPointer<Float>) -> Float {
    guard plan.kind == .generalisedBCE else { return 1 }
    let others = Double(logShare.count - 2)
    let sampled = others > 0 ? min(1, Double(negatives.reduce(0, +)) / others) : 1
    return Float(1 - plan.gbceT * (1 - sampled))
  }
}

extension LossPlan.Kind {
  /// Whether a target and each negative are told apart one by one.
  package var isBinary: Bool { self == .bce || self == .generalisedBCE }

  fileprivate var kernel: ck_sampled_loss_kind {
    switch self {
    case .bprMax: ck_loss_bpr_max
    case .top1Max: ck_loss_top1_max
    case .crossEntropy, .sampledCrossEntropy, .bce, .generalisedBCE: ck_loss_cross_entropy
    }
  }
}
