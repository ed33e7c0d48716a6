import CKernels
import Foundation
import Models
import Tensors

/// The losses of GRU4Rec's authors: each target against the other targets of the batch and items drawn for the
/// step, so that the cost does not grow with the catalogue.
///
/// Hidasi and Karatzoglou, "Recurrent Neural Networks with Top-k Gains for Session-based Recommendations", CIKM
/// 2018 (arXiv:1706.03847). Their batch shares S samples; here, too, and in-batch negatives are the targets of the
/// whole global batch, whichever rank has them, so that the loss does not depend on the rank count.
package final class SampledHead {
  /// Rows of the item table that the last step's sessions were scored against, the same on every rank: the
  /// batch's targets in the order of the batch, then the samples. Rows may repeat.
  package private(set) var candidates: [Int32] = []
  /// The gradients of the scored candidates, `[candidates, D]`, one for each lane of the last step.
  package private(set) var laneGradients: [Tensor] = []

  private let plan: LossPlan
  private let table: Tensor
  private let transform: RowTransform
  private let arena = Arena()
  private let share: [Double]
  /// The candidates' rows of the table.
  private var looked = FloatStorage(count: 0).tensor(rows: 0, columns: 0)

  /// - Parameters:
  ///   - table: `[items + 1, D]`.
  ///   - share: of each row among all occurrences of items in training, `[items + 1]`.
  package init(_ plan: LossPlan, table: Tensor, scoring: CatalogueScoring, share: [Double]) {
    self.plan = plan
    self.table = table
    self.share = share
    transform = scoring.rowTransform(width: table.columns)
  }

  /// The losses of some lanes, and their gradients.
  /// - Parameters:
  ///   - firstTargets: where each lane's targets begin in `targets`.
  ///   - targets: all targets of the global batch, in order.
  ///   - samples: the items drawn for the step.
  ///   - scale: 1 / (targets in the global batch).
  ///   - randomness: where dropout on the candidates is addressed, by their place.
  /// - Returns: for each lane the sum of its losses.
  package func lossesAndGradients(
    _ lanes: [CatalogueHead.Lane], firstTargets: [Int], targets: [Int32], samples: [Int32], scale: Float,
    randomness: DropoutKey?
  ) -> [Double] {
    arena.reset()
    candidates = targets + samples
    looked = table.gathered(candidates, in: arena)
    let scored = transform.scored(0..<looked.rows, of: TableSlice(looked), randomness: randomness, in: arena)
    let correction = correction(targets: targets.count)
    let scratch = arena.uninitialised(rows: 2, columns: scored.rows)
    laneGradients = lanes.map { _ in arena.uninitialised(rows: scored.rows, columns: scored.columns) }
    return lanes.indices.map { place in
      let lane = lanes[place]
      let logits = arena.uninitialised(rows: lane.targets.count, columns: scored.rows)
      logits.product(lane.sessions, scored, transposeB: true)
      let loss = loss(of: logits, firstTargets[place], correction, scale: scale, scratch: scratch)
      lane.gradient.product(logits, scored)
      laneGradients[place].product(logits, lane.sessions, transposeA: true)
      return loss
    }
  }

  /// What is taken off each candidate's score for being likely to be one; empty for nothing. Samples come with a
  /// probability of p^alpha, but for a constant, targets with p. Where alpha is 0 all items are drawn alike, those too
  /// that do not occur in training, whose log p is no number.
  private func correction(targets: Int) -> [Float] {
    guard plan.kind == .sampledCrossEntropy, plan.logQ > 0 else { return [] }
    return candidates.enumerated().map { place, row in
      let exponent = place < targets ? 1 : plan.sampleAlpha
      return exponent == 0 ? 0 : Float(Double(plan.logQ) * exponent * log(share[Int(row)]))
    }
  }

  /// Turns the gradient of the scored candidates, added over all lanes, into that of their rows, in place.
  package func finishGradient(_ gradient: Tensor, randomness: DropoutKey?) {
    transform.backward(0..<looked.rows, of: TableSlice(looked), randomness: randomness, gradient: gradient)
  }

  /// Turns logits into their gradients.
  private func loss(
    of logits: Tensor, _ firstTarget: Int, _ correction: [Float], scale: Float, scratch: Tensor
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
