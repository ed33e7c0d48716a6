import Catalogue
import MPI
import Models
import Tensors

/// Losses over samples: each target against the other targets of the batch and items drawn for the step, or against
/// the drawn items alone, so that the cost does not grow with the catalogue.
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

  private var candidates = SampledCandidates([], targets: 0, clicks: [])
  /// The candidates' rows of the table, numbered as the candidates are.
  private var looked: TableSlice
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
    looked = TableSlice(arena.uninitialised(rows: 0, columns: table.width))
    blocksOfRanks = (0..<ranks).map { $0 * tree.lanes / ranks..<($0 + 1) * tree.lanes / ranks }
    reducer = FixedTreeReducer(group: table.group, tree: tree, leaves: blocksOfRanks)
  }

  package func rows(for step: HeadStep) -> [Int32] {
    candidates = SampledCandidates(
      step.targets.rows + draw(step.number), targets: step.targets.rows.count, clicks: step.clicks)
    return candidates.rows
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

  /// The candidates' rows: as many pieces as threads, for rows lie far apart in memory.
  private func gathered(_ rows: TableRows) -> Tensor {
    let gathered = arena.uninitialised(rows: candidates.rows.count, columns: table.width)
    let bounds = (0...team.count).map { $0 * gathered.rows / team.count }
    team.forEach(team.count) { _, piece in
      let part = bounds[piece]..<bounds[piece + 1]
      rows.gather(candidates.rows[part], into: gathered.rows(part))
    }
    return gathered
  }

  /// Losses and gradients of this rank's blocks.
  /// - Returns: the sum of the losses of each.
  private func computeBlocks(_ vectors: Tensor, _ gradients: Tensor, _ step: HeadStep, _ rows: TableRows) -> [Double] {
    looked = TableSlice(gathered(rows))
    let scored = transform.scored(looked.range, of: looked, randomness: step.randomness, in: arena)
    let numbers = loss.hasNumbers ? candidates.map(loss.number) : []
    work = reducer.ownLeaves.map {
      SampledBlock(targets: targets(ofBlocks: $0..<$0 + 1, step), scored, in: arena)
    }
    return team.map(work.count) { _, place in
      let block = work[place], own = vectors.rows(block.targets)
      // The other way round, the product would first have to reorder all candidates for these few targets.
      block.logitsByCandidate.product(scored, own, transposeB: true)
      block.logitsByCandidate.transpose(into: block.logits)
      let sum = loss.turnIntoGradients(
        block.logits, positives: candidates.positives[block.targets], numbers, scale: step.scale,
        scratch: block.scratch)
      gradients.rows(block.targets).product(block.logits, scored)
      block.gradient.product(block.logits, own, transposeA: true)
      return sum
    }
  }

  package var touchedRows: [Int32]? { updatedRows == .all ? nil : candidates.touched }

  package func tableGradient(_ step: HeadStep, _ lookups: LookupGradients) throws(MPIError) -> RowGradients {
    let runs = table.runs(of: candidates.rows), own = runs[table.group.rank]
    let ofCandidates = arena.uninitialised(rows: own.count, columns: table.width)
    try timeline.measure(.exchange) { () throws(MPIError) in
      let partials = reducer.fold(leafBuffers: work.map(\.gradient.elements))
      try reducer.reduceScatter(partials, shares: runs.map { $0.count * table.width }, into: ofCandidates.elements)
    }
    return timeline.measure(.headBackward) {
      transform.backward(own, of: looked, randomness: step.randomness, gradient: ofCandidates)
      let rows = Array(candidates.touched[table.runs(of: candidates.touched)[table.group.rank]])
      let values = arena.zeros(rows: rows.count, columns: table.width)
      values.scatterAdd(ofCandidates, to: rows.places(of: candidates.rows[own]))
      lookups.add(to: values, rows)
      let gradient = RowGradients(rows: .touched(rows), values: values)
      return updatedRows == .all ? spread(gradient, rows) : gradient
    }
  }

  /// The same gradient for all rows of this rank: zero for those that the step did not touch.
  private func spread(_ gradient: RowGradients, _ rows: [Int32]) -> RowGradients {
    let own = spread.tensor(rows: table.ownRows.count, columns: table.width)
    own.elements.update(repeating: 0)
    own.scatter(gradient.values, to: rows.map { $0 - Int32(table.ownRows.lowerBound) }[...])
    return RowGradients(rows: .all(table.ownRows), values: own)
  }

  package func forEachTableGradient(
    _ step: HeadStep, _ lookups: LookupGradients, _ body: (_ thread: Int, RowGradients) -> Void
  ) throws(MPIError) {
    let gradient = try tableGradient(step, lookups)
    timeline.measure(.optimizer) { gradient.forEachPiece(team, body) }
  }
}

/// What a step scores its targets against: the targets of the batch and the samples, which may repeat.
private struct SampledCandidates {
  /// Rising: so those that a rank owns lie side by side.
  let rows: [Int32]
  /// Which candidate each of the batch's targets is.
  let positives: [Int32]
  /// The rows of candidates and clicks, rising and each once.
  let touched: [Int32]
  private let isTarget: [Bool]

  /// - Parameter targets: how many of the drawn ones are targets, the first ones.
  init(_ drawn: [Int32], targets: Int, clicks: [Int32]) {
    let order = RowOrder(drawn + clicks)
    var rows: [Int32] = [], isTarget: [Bool] = []
    var positives = [Int32](repeating: 0, count: targets)
    for (row, place) in zip(order.rows, order.places) where place < drawn.count {
      if place < targets { positives[Int(place)] = Int32(rows.count) }
      isTarget.append(place < targets)
      rows.append(row)
    }
    self.rows = rows
    self.positives = positives
    self.isTarget = isTarget
    touched = order.rows.withoutNeighbouringEquals
  }

  func map(_ value: (_ row: Int32, _ isTarget: Bool) -> Float) -> [Float] { zip(rows, isTarget).map(value) }
}

/// A block of targets, and its memory.
private struct SampledBlock {
  /// Their places among the batch's.
  let targets: Range<Int>
  let logitsByCandidate: Tensor
  let logits: Tensor
  /// d(loss)/d(scored candidates), `[candidates, D]`.
  let gradient: Tensor
  let scratch: Tensor

  /// - Parameter scored: `[candidates, D]`.
  init(targets: Range<Int>, _ scored: Tensor, in arena: Arena) {
    self.targets = targets
    logitsByCandidate = arena.uninitialised(rows: scored.rows, columns: targets.count)
    logits = arena.uninitialised(rows: targets.count, columns: scored.rows)
    gradient = arena.uninitialised(rows: scored.rows, columns: scored.columns)
    scratch = arena.uninitialised(rows: 2, columns: scored.rows)
  }
}
