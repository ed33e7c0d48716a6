import Catalogue
import MPI
import Models
import Tensors

/// The losses of GRU4Rec's authors: each target against the other targets of the batch and items drawn for the
/// step, so that the cost does not grow with the catalogue.
///
/// Hidasi and Karatzoglou, "Recurrent Neural Networks with Top-k Gains for Session-based Recommendations", CIKM
/// 2018 (arXiv:1706.03847). Their batch shares S samples; here, too, and in-batch negatives are the targets of the
/// whole global batch, whichever rank has them, so that the loss does not depend on the rank count.
///
/// The session vectors of all ranks are gathered, and cut into a few blocks that ranks take: a rank may have none.
package final class SampledHead: LossHead {
  /// Blocks of a batch, at most: their products are small as it is, and each has a gradient for all candidates.
  private static let mostBlocks = 4

  private let loss: SampledLoss
  private let updatedRows: UpdatedRows
  private let table: ItemTable
  private let batch: BatchLayout
  private let transform: RowTransform
  private let team: ThreadTeam
  private let timeline: Timeline
  private let draw: (_ step: Int) -> [Int32]
  /// The blocks of each rank, and what adds their gradients up.
  private let blocksOfRanks: [Range<Int>]
  private let reducer: FixedTreeReducer
  private let arena = Arena()
  private lazy var spread = FloatStorage(count: table.ownRows.count * table.width)

  // Of the present step, the same on every rank but for the work: the batch's targets in their order, then the samples,
  // which may repeat; the rows that are updated, rising; where the candidates are among them.
  private var candidates: [Int32] = []
  private var touched: [Int32] = []
  private var places: [Int32] = []
  /// The candidates' rows of the table, `[candidates, D]`.
  private var looked: Tensor
  private var work: [SampledBlock] = []

  /// - Parameters:
  ///   - logShare: of each row among all occurrences of items in training, `[items + 1]`.
  ///   - draw: the negatives of a step, the same on every rank.
  package init(
    _ plan: LossPlan, _ updatedRows: UpdatedRows, _ table: ItemTable, scoring: CatalogueScoring, _ batch: BatchLayout,
    logShare: [Double], team: ThreadTeam, timeline: Timeline, draw: @escaping (_ step: Int) -> [Int32]
  ) throws(MPIError) {
    loss = SampledLoss(plan, logShare: logShare)
    self.updatedRows = updatedRows
    self.table = table
    self.batch = batch
    self.team = team
    self.timeline = timeline
    self.draw = draw
    transform = scoring.rowTransform(width: table.width)
    let tree = try LaneTree(lanes: min(batch.blocks.lanes, Self.mostBlocks)), ranks = table.group.size
    blocksOfRanks = (0..<ranks).map { $0 * tree.lanes / ranks..<($0 + 1) * tree.lanes / ranks }
    reducer = FixedTreeReducer(group: table.group, tree: tree, leaves: blocksOfRanks)
    looked = arena.uninitialised(rows: 0, columns: table.width)
  }

  package func rows(for step: HeadStep) -> [Int32] {
    candidates = step.targets.rows + draw(step.number)
    return candidates
  }

  package func sessionGradients(
    of vectors: Tensor, _ step: HeadStep, rows: TableRows
  ) throws(MPIError) -> (loss: Double, gradients: Tensor) {
    arena.reset()
    let all = try timeline.measure(.exchange) { () throws(MPIError) in try gather(vectors, step) }
    let gradients = arena.uninitialised(rows: all.rows, columns: all.columns)
    let own = timeline.measure(.headBackward) { computeBlocks(all, gradients, step, rows) }
    return try timeline.measure(.exchange) { () throws(MPIError) in
      let blocks = blocksOfRanks.map { targets(ofBlocks: $0, step).count * table.width }
      if table.group.size > 1 { try table.group.allGather(inPlace: gradients.elements, counts: blocks) }
      return (try reducer.sum(own), gradients.rows(targets(of: batch.lanesOfRanks[table.group.rank], step)))
    }
  }

  /// The vectors of all ranks.
  private func gather(_ own: Tensor, _ step: HeadStep) throws(MPIError) -> Tensor {
    if table.group.size == 1 { return own }
    let counts = batch.lanesOfRanks.map { targets(of: $0, step).count * own.columns }
    let all = arena.uninitialised(rows: step.targets.rows.count, columns: own.columns)
    all.rows(targets(of: batch.lanesOfRanks[table.group.rank], step)).base.update(from: own.base, count: own.count)
    try table.group.allGather(inPlace: all.elements, counts: counts)
    return all
  }

  /// The places of some lanes' targets among those of the batch.
  private func targets(of lanes: Range<Int>, _ step: HeadStep) -> Range<Int> {
    step.targets.places(ofLanes: lanes)
  }

  private func targets(ofBlocks blocks: Range<Int>, _ step: HeadStep) -> Range<Int> {
    let lanes = batch.lanes.lanes / blocksOfRanks[blocksOfRanks.count - 1].upperBound
    return targets(of: blocks.lowerBound * lanes..<blocks.upperBound * lanes, step)
  }

  /// Losses and gradients of this rank's blocks.
  /// - Returns: the sum of the losses of each.
  private func computeBlocks(_ vectors: Tensor, _ gradients: Tensor, _ step: HeadStep, _ rows: TableRows) -> [Double] {
    touched = (candidates + step.clicks).distinct
    places = candidates.map { Int32(touched.lowerBound(of: $0)) }
    looked = rows.gathered(candidates, in: arena)
    let scored = transform.scored(0..<looked.rows, of: TableSlice(looked), randomness: step.randomness, in: arena)
    let correction = loss.correction(candidates, targets: step.targets.rows.count)
    work = reducer.ownLeaves.map {
      SampledBlock(
        targets: targets(ofBlocks: $0..<$0 + 1, step), candidates: candidates.count, touched: touched.count,
        width: table.width, in: arena)
    }
    return team.map(work.count) { _, place in
      let block = work[place], own = vectors.rows(block.targets)
      block.logits.product(own, scored, transposeB: true)
      let sum = loss.turnIntoGradients(
        block.logits, firstTarget: block.targets.lowerBound, correction, scale: step.scale, scratch: block.scratch)
      gradients.rows(block.targets).product(block.logits, scored)
      block.gradient.product(block.logits, own, transposeA: true)
      return sum
    }
  }

  package var touchedRows: [Int32]? { updatedRows == .all ? nil : touched }

  package func tableGradient(_ step: HeadStep, _ lookups: LookupGradients) throws(MPIError) -> RowGradients {
    timeline.measure(.headBackward) {
      for block in work {
        transform.backward(
          0..<looked.rows, of: TableSlice(looked), randomness: step.randomness, gradient: block.gradient)
        block.touched.scatterAdd(block.gradient, to: places)
      }
    }
    let runs = table.runs(of: touched), own = runs[table.group.rank]
    let rows = Array(touched[own]), values = arena.uninitialised(rows: own.count, columns: table.width)
    try timeline.measure(.exchange) { () throws(MPIError) in
      let partials = reducer.fold(leafBuffers: work.map(\.touched.elements))
      try reducer.reduceScatter(partials, shares: runs.map { $0.count * table.width }, into: values.elements)
    }
    lookups.add(to: values, rows)
    let gradient = RowGradients(rows: .touched(rows), values: values)
    return updatedRows == .all ? spread(gradient, rows) : gradient
  }

  /// The same gradient for all rows of this rank: zero for those that the step did not touch.
  private func spread(_ gradient: RowGradients, _ rows: [Int32]) -> RowGradients {
    let own = spread.tensor(rows: table.ownRows.count, columns: table.width)
    own.elements.update(repeating: 0)
    own.scatter(gradient.values, to: rows.map { $0 - Int32(table.ownRows.lowerBound) })
    return RowGradients(rows: .all(table.ownRows), values: own)
  }

  package func forEachTableGradient(
    _ step: HeadStep, _ lookups: LookupGradients, _ body: (_ thread: Int, RowGradients) -> Void
  ) throws(MPIError) {
    try tableGradient(step, lookups).forEachPiece(team, body)
  }
}

/// A block of targets, and its memory.
private struct SampledBlock {
  /// Their places among the batch's.
  let targets: Range<Int>
  let logits: Tensor
  /// d(loss)/d(scored candidates), `[candidates, D]`, and the same by touched rows, zeroed.
  let gradient: Tensor
  let touched: Tensor
  let scratch: Tensor

  init(targets: Range<Int>, candidates: Int, touched: Int, width: Int, in arena: Arena) {
    self.targets = targets
    logits = arena.uninitialised(rows: targets.count, columns: candidates)
    gradient = arena.uninitialised(rows: candidates, columns: width)
    self.touched = arena.zeros(rows: touched, columns: width)
    scratch = arena.uninitialised(rows: 2, columns: candidates)
  }
}
