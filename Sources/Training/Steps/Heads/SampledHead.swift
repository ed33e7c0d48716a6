import CKernels
import Catalogue
import Foundation
import MPI
import Models
import Tensors

/// The losses of GRU4Rec's authors: each target against the other targets of the batch and items drawn for the
/// step, so that the cost does not grow with the catalogue.
///
/// Hidasi and Karatzoglou, "Recurrent Neural Networks with Top-k Gains for Session-based Recommendations", CIKM
/// 2018 (arXiv:1706.03847). Their batch shares S samples; here, too, and in-batch negatives are the targets of the
/// whole global batch, whichever rank has them, so that the loss does not depend on the rank count.
package final class SampledHead: LossHead {
  private let plan: LossPlan
  private let updatedRows: UpdatedRows
  private let table: ItemTable
  /// Of each row among all occurrences of items in training, `[items + 1]`.
  private let share: [Double]
  private let draw: (_ step: Int) -> [Int32]
  private let transform: RowTransform
  private let team: ThreadTeam
  private let timeline: Timeline
  /// Adds the candidates' gradients over the lanes.
  private let reducer: FixedTreeReducer
  private let arena = Arena()
  private lazy var spread = FloatStorage(count: table.ownRows.count * table.width)
  /// Of the present step, the same on every rank: the batch's targets in their order, then the samples. Rows may repeat.
  private var candidates: [Int32] = []
  /// The candidates' rows of the table, `[candidates, D]`, and d(loss)/d(their scored form) for each of this rank's lanes.
  private var looked: Tensor
  private var laneGradients: [Tensor] = []
  package private(set) var touchedRows: [Int32]?

  /// - Parameters:
  ///   - share: of each row among all occurrences of items in training, `[items + 1]`.
  ///   - reducer: over the lanes of all ranks.
  ///   - draw: the negatives of a step, the same on every rank.
  package init(
    _ plan: LossPlan, _ updatedRows: UpdatedRows, _ table: ItemTable, scoring: CatalogueScoring, share: [Double],
    _ reducer: FixedTreeReducer, team: ThreadTeam, timeline: Timeline, draw: @escaping (_ step: Int) -> [Int32]
  ) {
    self.plan = plan
    self.updatedRows = updatedRows
    self.table = table
    self.share = share
    self.draw = draw
    self.reducer = reducer
    self.team = team
    self.timeline = timeline
    transform = scoring.rowTransform(width: table.width)
    looked = arena.uninitialised(rows: 0, columns: table.width)
  }

  package func rows(for step: HeadStep) -> [Int32] {
    candidates = step.targets.rows + draw(step.number)
    return candidates
  }

  package func sessionGradients(
    of vectors: Tensor, _ step: HeadStep, rows: TableRows
  ) throws(MPIError) -> (losses: [Double], gradients: Tensor) {
    timeline.measure(.headBackward) {
      arena.reset()
      looked = rows.gathered(candidates, in: arena)
      let scored = transform.scored(0..<looked.rows, of: TableSlice(looked), randomness: step.randomness, in: arena)
      let correction = correction(targets: step.targets.rows.count)
      let gradients = arena.uninitialised(rows: vectors.rows, columns: vectors.columns)
      let lanes = laneParts(step, scored)
      laneGradients = lanes.map(\.tableGradient)
      let losses = team.map(lanes.count) { _, place in
        let lane = lanes[place], own = vectors.rows(lane.vectors)
        lane.logits.product(own, scored, transposeB: true)
        let loss = loss(of: lane.logits, lane.firstTarget, correction, scale: step.scale, scratch: lane.scratch)
        gradients.rows(lane.vectors).product(lane.logits, scored)
        lane.tableGradient.product(lane.logits, own, transposeA: true)
        return loss
      }
      return (losses, gradients)
    }
  }

  /// A lane of this rank, and its memory.
  private struct LanePart {
    /// The place of its first target among the batch's.
    let firstTarget: Int
    /// Its vectors among this rank's.
    let vectors: Range<Int>
    let logits: Tensor
    let tableGradient: Tensor
    let scratch: Tensor
  }

  private func laneParts(_ step: HeadStep, _ scored: Tensor) -> [LanePart] {
    let first = step.targets.firstOfLane + [step.targets.rows.count]
    let before = first[reducer.ownLeaves.lowerBound]
    return reducer.ownLeaves.map { lane in
      let vectors = first[lane] - before..<first[lane + 1] - before
      return LanePart(
        firstTarget: first[lane], vectors: vectors,
        logits: arena.uninitialised(rows: vectors.count, columns: scored.rows),
        tableGradient: arena.uninitialised(rows: scored.rows, columns: scored.columns),
        scratch: arena.uninitialised(rows: 2, columns: scored.rows))
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

  package func tableGradient(_ step: HeadStep, _ lookups: LookupGradients) throws(MPIError) -> RowGradients {
    let partials = reducer.fold(leafBuffers: laneGradients.map(\.elements))
    try timeline.measure(.exchange) { () throws(MPIError) in try reducer.allReduce(partials) }
    let gradient = laneGradients[0]
    transform.backward(0..<looked.rows, of: TableSlice(looked), randomness: step.randomness, gradient: gradient)
    let touched = sumTouched(gradient, lookups)
    return updatedRows == .all ? spread(touched) : touched
  }

  /// The gradient of those of this rank's rows that are candidates or were looked up.
  private func sumTouched(_ gradient: Tensor, _ lookups: LookupGradients) -> RowGradients {
    let own = candidates.indices.filter { table.ownRows.contains(Int(candidates[$0])) }
    let touched = Set(own.map { candidates[$0] }).union(lookups.rows).sorted()
    let values = arena.zeros(rows: touched.count, columns: table.width)
    let scored = gradient.gathered(own.map(Int32.init), in: arena)
    values.scatterAdd(scored, to: own.map { Int32(touched.lowerBound(of: candidates[$0])) })
    for (place, row) in touched.enumerated() {
      lookups.add(to: values.rows(place..<place + 1), Int(row)..<Int(row) + 1)
    }
    touchedRows = updatedRows == .all ? nil : touched
    return RowGradients(rows: .touched(touched), values: values)
  }

  /// The same gradient for all rows of this rank: zero for those that the step did not touch.
  private func spread(_ gradient: RowGradients) -> RowGradients {
    guard case .touched(let rows) = gradient.rows else { return gradient }
    let own = spread.tensor(rows: table.ownRows.count, columns: table.width)
    own.elements.update(repeating: 0)
    own.scatterAdd(gradient.values, to: rows.map { $0 - Int32(table.ownRows.lowerBound) })
    return RowGradients(rows: .all(table.ownRows), values: own)
  }

  package func forEachTableGradient(
    _ step: HeadStep, _ lookups: LookupGradients, _ body: (_ thread: Int, RowGradients) -> Void
  ) throws(MPIError) {
    try tableGradient(step, lookups).forEachPiece(team, body)
  }
}
