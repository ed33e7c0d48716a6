import Catalogue
import MPI
import Models
import Tensors

/// Cross-entropy over the whole catalogue, forwards and backwards, without a batch × items matrix.
///
/// The table is walked twice in tiles of `Tensor.tileItems` rows. The first walk keeps for each session the sum of its
/// exponentials over a reference, and the sum of the rows that they weigh: its gradient, but for the target's term and a
/// factor (online softmax: Milakov and Gimelshein, arXiv:1805.02867; rescaled as the reference moves, as by Dao et al.,
/// FlashAttention, arXiv:2205.14135). The second computes the logits again, turns them into probabilities minus the
/// one-hot target, and multiplies them into the gradient of each tile, which is added over blocks of sessions in the fixed
/// tree while it is in the cache.
///
/// A rank walks the stripes that it holds, for the sessions of all ranks that hold the table between them: where the table
/// is replicated, that is all stripes for its own sessions. Threads take stripes in turn. What runs over tiles is added up
/// within a stripe, and then over the stripes in their tree, whoever walked them.
///
/// Scores by cosine walk scaled rows of the table instead, made tile by tile in the cache.
///
/// Not here: what is done with one tile (`HeadWorker`), what becomes of the table's gradient (`Trainer`).
package final class CatalogueHead: LossHead {
  private let table: ItemTable
  private let batch: BatchLayout
  private let precision: Precision
  private let transform: RowTransform
  private let team: ThreadTeam
  private let timeline: Timeline
  private let workers: [HeadWorker]
  /// The ranks that hold the table between them.
  private let holders: any ProcessGroup
  /// The lanes of each of `holders`, and the blocks that all of them make up.
  private let lanesOfHolders: [Range<Int>]
  private let blocks: Range<Int>
  private let normalisers: NormaliserTree
  private let stripeReducer: FixedTreeReducer
  /// Where ranks hold the same rows: adds the gradients that they have for their own blocks.
  private let replicas: ReplicaGradients?
  private lazy var kept = FloatStorage(count: table.ownRows.count * table.width)
  private let arena = Arena()
  /// Of the present step.
  private var work: HeadBlocks?

  /// - Parameters:
  ///   - precision: what the products multiply; supported by this machine.
  ///   - timeline: gets a span for each walk, and one for each stripe of it.
  package init(
    _ table: ItemTable, scoring: CatalogueScoring, _ batch: BatchLayout, precision: Precision, team: ThreadTeam,
    timeline: Timeline
  ) {
    self.table = table
    self.batch = batch
    self.precision = precision
    self.team = team
    self.timeline = timeline
    transform = scoring.rowTransform(width: table.width)
    workers = (0..<team.count).map {
      HeadWorker(thread: $0, table: table.held, scoring: scoring, precision: precision)
    }
    holders = table.holders
    lanesOfHolders = table.isSharded ? batch.lanesOfRanks : [batch.lanesOfRanks[table.group.rank]]
    blocks =
      lanesOfHolders[0].lowerBound
      / batch.lanesOfBlock..<(lanesOfHolders[holders.size - 1].upperBound / batch.lanesOfBlock)
    normalisers = NormaliserTree(table.layout, holders: holders)
    let stripes = (0..<holders.size).map { [layout = table.layout, size = holders.size] in
      layout.stripes(of: $0, size: size)
    }
    stripeReducer = FixedTreeReducer(group: holders, tree: table.layout.tree, leaves: stripes)
    replicas = holders.size == table.group.size ? nil : ReplicaGradients(table, batch)
  }

  // MARK: Sessions

  /// The lanes of this rank.
  private var ownLanes: Range<Int> { lanesOfHolders[holders.rank] }

  package func rows(for step: HeadStep) -> [Int32] { Array(step.targets.rows[step.targets.places(ofLanes: ownLanes)]) }

  package func sessionGradients(
    of vectors: Tensor, _ step: HeadStep, rows: TableRows
  ) throws(MPIError) -> (loss: Double, gradients: Tensor) {
    arena.reset()
    let all = try timeline.measure(.exchange) { () throws(MPIError) in try gather(vectors, step) }
    var work = HeadBlocks(all, step, batch, blocks, precision: precision, in: arena)
    let walk = timeline.measure(.headForward) { firstWalk(work, step) }
    try timeline.measure(.exchange) { () throws(MPIError) in try complete(&work, walk) }
    self.work = work
    let loss = try sumLosses(work)
    let gradients = try addUp(walk, work)
    addTargets(to: gradients, work, step, rows)
    return (loss, gradients)
  }

  /// The session vectors of all holders' lanes.
  private func gather(_ own: Tensor, _ step: HeadStep) throws(MPIError) -> Tensor {
    if holders.size == 1 { return own }
    let counts = lanesOfHolders.map { step.targets.places(ofLanes: $0).count }
    let all = arena.uninitialised(rows: counts.reduce(0, +), columns: own.columns)
    let before = counts[..<holders.rank].reduce(0, +)
    all.rows(before..<before + own.rows).base.update(from: own.base, count: own.count)
    try holders.allGather(inPlace: all.elements, counts: counts.map { $0 * own.columns })
    return all
  }

  private func firstWalk(_ work: HeadBlocks, _ step: HeadStep) -> FirstWalk {
    for worker in workers { worker.prepare(largestBlock: work.largest, blocks: work.blocks.count) }
    let walk = FirstWalk(stripes: table.heldStripes.count, sessions: work.rows, width: table.width, in: arena)
    // What is gathered for one block does not depend on the others.
    let parts = min(partsOfStripe, work.blocks.count)
    walkStripes(.headForward, parts: parts) { worker, place, part in
      let blocks = Array(work.blocks[share(part, of: parts, work.blocks.count)])
      for (number, tile) in tiles(place).enumerated() {
        worker.fold(tile, isFirst: number == 0, blocks, into: walk.stripe(place), randomness: step.randomness)
      }
    }
    return walk
  }

  /// Gives every session its normaliser and its target's logit.
  private func complete(_ work: inout HeadBlocks, _ walk: FirstWalk) throws(MPIError) {
    let total = try normalisers.total(normalisers.ownNodes(walk.exponentials), sessions: work.rows)
    // One holder has each target's logit, and all others zero: a sum of bit patterns has no order.
    var logits = work.targetLogits.map(\.bitPattern)
    if holders.size > 1 { try holders.sum(&logits) }
    work.complete(
      log2Normalisers: zip(total.references, total.sums).map { Tensor.log2Normaliser(reference: $0, sum: $1) },
      targetLogits: logits.map { Float(bitPattern: $0) })
  }

  /// The sum of all lanes' losses, in the tree over the lanes.
  private func sumLosses(_ work: HeadBlocks) throws(MPIError) -> Double {
    let known = lanesOfHolders.flatMap { $0.map(work.loss) }
    if known.count == batch.lanes.lanes { return batch.lanes.fold(known) }
    return try timeline.measure(.exchange) { () throws(MPIError) in
      batch.lanes.fold(try table.group.allGather(known, counts: batch.lanesOfRanks.map(\.count)))
    }
  }

  /// Adds the stripes' gradients up in the tree: those of this rank's sessions, `[targets, D]`.
  private func addUp(_ walk: FirstWalk, _ work: HeadBlocks) throws(MPIError) -> Tensor {
    timeline.measure(.headForward) {
      let scales = work.scales, pieceSize = 16
      // A few sessions at a time: their gradients of all stripes stay in the cache.
      team.forEach((work.rows + pieceSize - 1) / pieceSize) { _, piece in
        let some = pieceSize * piece..<min(pieceSize * (piece + 1), work.rows)
        stripeReducer.fold(
          leafBuffers: walk.normalise(some, log2Normalisers: work.log2Normalisers, scales: scales))
      }
    }
    return try timeline.measure(.exchange) { () throws(MPIError) in
      let nodes = stripeReducer.ownSubtrees.map { walk.gradients(of: $0.lowerBound - table.heldStripes.lowerBound) }
      guard holders.size > 1 else { return work.withoutFilling(nodes[0], ofLanes: ownLanes, in: arena) }
      let bounds = lanesOfHolders.map { work.firstPlace(ofLane: $0.lowerBound) } + [work.rows]
      let counts = zip(bounds.dropFirst(), bounds).map { $0 - $1 }
      let sum = arena.uninitialised(rows: counts[holders.rank], columns: table.width)
      try stripeReducer.reduceScatter(
        nodes.map(\.elements), shares: counts.map { $0 * table.width }, into: sum.elements)
      return work.withoutFilling(sum, ofLanes: ownLanes, in: arena)
    }
  }

  /// Adds (p - 1) · the target's row to each session's gradient.
  private func addTargets(to gradients: Tensor, _ work: HeadBlocks, _ step: HeadStep, _ rows: TableRows) {
    let numbers = self.rows(for: step)
    let targets = rows.gathered(numbers, in: arena)
    transform.score(targets, numbers: numbers, randomness: step.randomness)
    targets.scaleRows(by: work.targetGradients(ofLanes: ownLanes))
    gradients.add(targets)
  }

  // MARK: The table

  package func tableGradient(_ step: HeadStep, _ lookups: LookupGradients) throws(MPIError) -> RowGradients {
    let own: Tensor
    if let replicas {
      own = try addReplicas(replicas, step)
      RowGradients(rows: .all(table.ownRows), values: own).forEachPiece(team) { thread, piece in
        finish(piece, workers[thread], step, lookups)
      }
    } else {
      own = kept.tensor(rows: table.ownRows.count, columns: table.width)
      let slice = TableSlice(own, first: table.ownRows.lowerBound)
      secondWalk(step, lookups) { _, piece in
        guard case .all(let rows) = piece.rows else { return }
        slice.rows(rows).base.update(from: piece.values.base, count: piece.values.count)
      }
    }
    return RowGradients(rows: .all(table.ownRows), values: own)
  }

  package func forEachTableGradient(
    _ step: HeadStep, _ lookups: LookupGradients, _ body: (_ thread: Int, RowGradients) -> Void
  ) throws(MPIError) {
    guard replicas == nil else { return try tableGradient(step, lookups).forEachPiece(team, body) }
    secondWalk(step, lookups, body)
  }

  private var presentBlocks: [HeadBlock] {
    guard let work else { preconditionFailure("the sessions' gradients come first") }
    return work.blocks
  }

  /// Makes the gradient of each tile, where all blocks' sessions are here.
  private func secondWalk(
    _ step: HeadStep, _ lookups: LookupGradients, _ body: (_ thread: Int, RowGradients) -> Void
  ) {
    let blocks = presentBlocks
    timeline.measure(.headBackward) {
      walkTiles { worker, tile in
        let gradient = worker.gradient(of: tile, blocks, under: 0..<blocks.count, randomness: step.randomness)
        let piece = RowGradients(rows: .all(tile), values: gradient)
        finish(piece, worker, step, lookups)
        body(worker.thread, piece)
      }
    }
  }

  /// The gradient of this rank's rows that all replicas have for scored rows.
  private func addReplicas(_ replicas: ReplicaGradients, _ step: HeadStep) throws(MPIError) -> Tensor {
    let blocks = presentBlocks
    timeline.measure(.headBackward) {
      walkTiles { worker, tile in
        for (subtree, gradient) in zip(replicas.subtrees, replicas.gradients) {
          worker.gradient(
            of: tile, blocks, under: subtree, randomness: step.randomness, into: gradient.rows(tile))
        }
      }
    }
    return try timeline.measure(.exchange) { () throws(MPIError) in try replicas.sum() }
  }

  /// Turns the summed gradient of neighbouring scored rows into that of the table's rows, and adds the lookups'.
  private func finish(_ piece: RowGradients, _ worker: HeadWorker, _ step: HeadStep, _ lookups: LookupGradients) {
    guard case .all(let rows) = piece.rows else { return }
    worker.finish(piece.values, of: rows, step.randomness)
    lookups.add(to: piece.values, rows)
  }

  /// Into how many parts threads cut a stripe, where there are more of them than stripes.
  private var partsOfStripe: Int {
    let stripes = table.heldStripes.count
    return stripes == 0 ? 1 : (team.count + stripes - 1) / stripes
  }

  private func share(_ part: Int, of parts: Int, _ count: Int) -> Range<Int> {
    part * count / parts..<(part + 1) * count / parts
  }

  /// The tiles of a stripe, by its place among those that this rank holds.
  private func tiles(_ place: Int) -> ArraySlice<Range<Int>> {
    table.layout.tiles(ofStripe: table.heldStripes.lowerBound + place)
  }

  /// Runs `body` on every part of every stripe that this rank holds, on whichever thread is free.
  private func walkStripes(
    _ phase: StepPhase, parts: Int, _ body: (_ worker: HeadWorker, _ place: Int, _ part: Int) -> Void
  ) {
    team.forEach(table.heldStripes.count * parts) { thread, piece in
      timeline.measure(phase, thread: thread, isDetail: true) {
        body(workers[thread], piece / parts, piece % parts)
      }
    }
  }

  /// Runs `body` on every tile of those stripes, of which none depends on another.
  private func walkTiles(_ body: (_ worker: HeadWorker, _ tile: Range<Int>) -> Void) {
    let parts = partsOfStripe
    walkStripes(.headBackward, parts: parts) { worker, place, part in
      let tiles = tiles(place)
      for number in share(part, of: parts, tiles.count) { body(worker, tiles[tiles.startIndex + number]) }
    }
  }
}
