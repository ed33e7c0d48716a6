import Catalogue
import Foundation
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
  /// Of the present step: the blocks, once their normalisers are known.
  private var work: [HeadBlock] = []

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
    workers = (0..<team.count).map { _ in HeadWorker(table: table.held, scoring: scoring, precision: precision) }
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

  package func rows(for step: HeadStep) -> [Int32] {
    Array(step.targets.rows[targets(of: lanesOfHolders[holders.rank], step)])
  }

  package func sessionGradients(
    of vectors: Tensor, _ step: HeadStep, rows: TableRows
  ) throws(MPIError) -> (loss: Double, gradients: Tensor) {
    arena.reset()
    let all = try timeline.measure(.exchange) { () throws(MPIError) in try gather(vectors, step) }
    work = makeBlocks(all, step)
    let walk = timeline.measure(.headForward) { firstWalk(step) }
    try timeline.measure(.exchange) { () throws(MPIError) in try finish(walk, step) }
    let loss = try sumLosses(step)
    let gradients = try addUp(walk, step)
    addTargets(to: gradients, step, rows)
    return (loss, gradients)
  }

  /// The places of some lanes' targets among those of the batch.
  private func targets(of lanes: Range<Int>, _ step: HeadStep) -> Range<Int> {
    step.targets.places(ofLanes: lanes)
  }

  /// The session vectors of all holders' lanes.
  private func gather(_ own: Tensor, _ step: HeadStep) throws(MPIError) -> Tensor {
    if holders.size == 1 { return own }
    let counts = lanesOfHolders.map { targets(of: $0, step).count }
    let all = arena.uninitialised(rows: counts.reduce(0, +), columns: own.columns)
    let before = counts[..<holders.rank].reduce(0, +)
    all.rows(before..<before + own.rows).base.update(from: own.base, count: own.count)
    try holders.allGather(inPlace: all.elements, counts: counts.map { $0 * own.columns })
    return all
  }

  private func makeBlocks(_ vectors: Tensor, _ step: HeadStep) -> [HeadBlock] {
    let before = targets(of: batch.lanes(ofBlock: blocks.lowerBound), step).lowerBound
    var first = 0
    return blocks.map { block in
      let places = targets(of: batch.lanes(ofBlock: block), step)
      defer { first += HeadBlock.paddedRows(places.count) }
      return HeadBlock(
        vectors.rows(places.lowerBound - before..<places.upperBound - before), targets: step.targets.rows[places],
        first: first, scale: step.scale, precision: precision, in: arena)
    }
  }

  /// What the first walk leaves of each stripe that this rank holds.
  private struct Walk {
    /// Session vectors of all blocks, filled up.
    let sessions: Int
    /// `[stripes, sessions]`.
    let references: Tensor
    let sums: UnsafeMutablePointer<Double>
    /// `[stripes · sessions, D]`.
    let gradients: Tensor

    func stripe(_ place: Int) -> StripeSums {
      StripeSums(
        references: references.base + place * sessions, sums: sums + place * sessions,
        gradients: gradients.rows(place * sessions..<(place + 1) * sessions))
    }
  }

  private func firstWalk(_ step: HeadStep) -> Walk {
    let sessions = work.reduce(0) { $0 + $1.rows }, stripes = table.heldStripes
    for worker in workers {
      worker.prepare(
        largestBlock: work.map(\.rows).max() ?? 0, levels: Int.bitWidth - blocks.count.leadingZeroBitCount)
    }
    let walk = Walk(
      sessions: sessions, references: arena.uninitialised(rows: stripes.count, columns: sessions),
      sums: arena.doubles(stripes.count * sessions),
      gradients: arena.uninitialised(rows: stripes.count * sessions, columns: table.width))
    walk.references.elements.update(repeating: -.infinity)
    walkStripes(.headForward) { worker, place in
      let tiles = table.layout.tiles(ofStripe: stripes.lowerBound + place)
      for (number, tile) in tiles.enumerated() {
        worker.fold(tile, isFirst: number == 0, work, into: walk.stripe(place), randomness: step.randomness)
      }
    }
    return walk
  }

  /// Gives every session its normaliser and its target's logit.
  private func finish(_ walk: Walk, _ step: HeadStep) throws(MPIError) {
    let sessions = walk.sessions
    let stripes = (0..<table.heldStripes.count).map { stripe in
      ExponentialSums(
        references: walk.references.rows(stripe..<stripe + 1).array,
        sums: Array(UnsafeBufferPointer(start: walk.sums + stripe * sessions, count: sessions)))
    }
    let total = try normalisers.total(normalisers.ownNodes(stripes), sessions: sessions)
    // One holder has each target's logit, and all others zero: a sum of bit patterns has no order.
    var logits = work.flatMap { $0.targetLogits.elements.map(\.bitPattern) }
    if holders.size > 1 { try holders.sum(&logits) }
    log2Normalisers = zip(total.references, total.sums).map { Tensor.log2Normaliser(reference: $0, sum: $1) }
    for block in work {
      for place in 0..<block.rows {
        block.targetLogits.base[place] = Float(bitPattern: logits[block.first + place])
        block.log2Normalisers.base[place] = Float(log2Normalisers[block.first + place])
      }
    }
  }
  /// log₂ Σ exp(logit) of each session, in full.
  private var log2Normalisers: [Double] = []

  /// The sum of all lanes' losses, in the tree over the lanes.
  private func sumLosses(_ step: HeadStep) throws(MPIError) -> Double {
    let known = (lanesOfHolders[0].lowerBound..<lanesOfHolders[holders.size - 1].upperBound).map {
      loss(ofLane: $0, step)
    }
    if known.count == batch.lanes.lanes { return batch.lanes.fold(known) }
    return try timeline.measure(.exchange) { () throws(MPIError) in
      batch.lanes.fold(try table.group.allGather(known, counts: batch.lanesOfRanks.map(\.count)))
    }
  }

  /// The sum of the losses of a lane.
  private func loss(ofLane lane: Int, _ step: HeadStep) -> Double {
    let (block, places) = places(ofLane: lane, step)
    return places.reduce(0.0) {
      $0 + log2Normalisers[block.first + $1] * M_LN2 - Double(block.targetLogits.base[$1])
    }
  }

  /// A lane's block, and its vectors there.
  private func places(ofLane lane: Int, _ step: HeadStep) -> (block: HeadBlock, places: Range<Int>) {
    let number = lane / batch.lanesOfBlock
    let before = targets(of: batch.lanes(ofBlock: number), step).lowerBound, own = targets(of: lane..<lane + 1, step)
    return (work[number - blocks.lowerBound], own.lowerBound - before..<own.upperBound - before)
  }

  /// Adds the stripes' gradients up in the tree: those of this rank's sessions, `[targets, D]`.
  private func addUp(_ walk: Walk, _ step: HeadStep) throws(MPIError) -> Tensor {
    let width = table.width, stripes = table.heldStripes.count
    let factors = arena.uninitialised(rows: 1, columns: walk.sessions * max(1, stripes))
    let scales = work.flatMap { Array($0.scales.elements) }
    timeline.measure(.headForward) {
      // A few sessions at a time: their gradients of all stripes stay in the cache.
      let pieces = (walk.sessions + 15) / 16
      team.forEach(pieces) { _, piece in
        let some = 16 * piece..<min(16 * piece + 16, walk.sessions)
        for stripe in 0..<stripes {
          let references = walk.references.base + stripe * walk.sessions
          let factor = factors.base + stripe * walk.sessions
          for session in some {
            let power = Double(references[session]) - log2Normalisers[session]
            factor[session] = scales[session] == 0 ? 0 : Float(exp2(power) * Double(scales[session]))
          }
          walk.stripe(stripe).gradients.rows(some).scaleRows(by: factor + some.lowerBound)
        }
        stripeReducer.fold(leafBuffers: (0..<stripes).map { walk.stripe($0).gradients.rows(some).elements })
      }
    }
    return try timeline.measure(.exchange) { () throws(MPIError) in
      let nodes = stripeReducer.ownSubtrees.map {
        walk.stripe($0.lowerBound - stripeReducer.ownLeaves.lowerBound).gradients
      }
      let bounds = lanesOfHolders.map { firstPlace(ofLane: $0.lowerBound, step) } + [walk.sessions]
      let own = bounds[holders.rank]..<bounds[holders.rank + 1]
      let sum = holders.size == 1 ? nodes[0] : arena.uninitialised(rows: own.count, columns: width)
      if holders.size > 1 {
        try stripeReducer.reduceScatter(
          nodes.map(\.elements), shares: zip(bounds.dropFirst(), bounds).map { ($0 - $1) * width }, into: sum.elements)
      }
      return withoutFilling(sum, from: own.lowerBound, step)
    }
  }

  /// Where a lane's vectors begin among those of all blocks, filled up.
  private func firstPlace(ofLane lane: Int, _ step: HeadStep) -> Int {
    if lane / batch.lanesOfBlock == blocks.upperBound { return work.reduce(0) { $0 + $1.rows } }
    let (block, places) = places(ofLane: lane, step)
    return block.first + places.lowerBound
  }

  /// This rank's vectors' gradients side by side.
  private func withoutFilling(_ sum: Tensor, from first: Int, _ step: HeadStep) -> Tensor {
    let lanes = lanesOfHolders[holders.rank]
    let gradients = arena.uninitialised(rows: targets(of: lanes, step).count, columns: table.width)
    var next = 0
    for lane in lanes {
      let (block, places) = places(ofLane: lane, step)
      let from = sum.rows(block.first + places.lowerBound - first..<block.first + places.upperBound - first)
      gradients.rows(next..<next + places.count).base.update(from: from.base, count: from.count)
      next += places.count
    }
    return gradients
  }

  /// Adds (p - 1) · the target's row to each session's gradient.
  private func addTargets(to gradients: Tensor, _ step: HeadStep, _ rows: TableRows) {
    let numbers = self.rows(for: step)
    let targets = rows.gathered(numbers, in: arena)
    transform.score(targets, numbers: numbers, randomness: step.randomness)
    let factors = lanesOfHolders[holders.rank].flatMap { lane in
      let (block, places) = places(ofLane: lane, step)
      return places.map(block.targetGradient)
    }
    targets.scaleRows(by: factors)
    gradients.add(targets)
  }

  // MARK: The table

  package func tableGradient(_ step: HeadStep, _ lookups: LookupGradients) throws(MPIError) -> RowGradients {
    if let replicas {
      let own = try addReplicas(replicas, step)
      finish(own, step, lookups)
      return RowGradients(rows: .all(table.ownRows), values: own)
    }
    let own = kept.tensor(rows: table.ownRows.count, columns: table.width)
    secondWalk(step, lookups) { _, piece in
      guard case .all(let rows) = piece.rows else { return }
      let first = rows.lowerBound - table.ownRows.lowerBound
      own.rows(first..<first + rows.count).base.update(from: piece.values.base, count: piece.values.count)
    }
    return RowGradients(rows: .all(table.ownRows), values: own)
  }

  package func forEachTableGradient(
    _ step: HeadStep, _ lookups: LookupGradients, _ body: (_ thread: Int, RowGradients) -> Void
  ) throws(MPIError) {
    guard replicas == nil else { return try tableGradient(step, lookups).forEachPiece(team, body) }
    secondWalk(step, lookups, body)
  }

  /// Makes the gradient of each tile, where all blocks' sessions are here.
  private func secondWalk(
    _ step: HeadStep, _ lookups: LookupGradients, _ body: (_ thread: Int, RowGradients) -> Void
  ) {
    timeline.measure(.headBackward) {
      let stripes = table.heldStripes
      team.forEach(stripes.count) { thread, place in
        timeline.measure(.headBackward, thread: thread, isDetail: true) {
          for tile in table.layout.tiles(ofStripe: stripes.lowerBound + place) {
            let gradient = workers[thread].gradient(
              of: tile, work, under: 0..<work.count, randomness: step.randomness)
            workers[thread].finish(gradient, of: tile, step.randomness)
            lookups.add(to: gradient, tile)
            body(thread, RowGradients(rows: .all(tile), values: gradient))
          }
        }
      }
    }
  }

  /// The gradient of this rank's rows that all replicas have for scored rows.
  private func addReplicas(_ replicas: ReplicaGradients, _ step: HeadStep) throws(MPIError) -> Tensor {
    timeline.measure(.headBackward) {
      walkStripes(.headBackward) { worker, stripe in
        for tile in table.layout.tiles(ofStripe: stripe) {
          for (subtree, gradient) in zip(replicas.subtrees, replicas.gradients) {
            worker.gradient(
              of: tile, work, under: subtree, randomness: step.randomness, into: gradient.rows(tile))
          }
        }
      }
    }
    return try timeline.measure(.exchange) { () throws(MPIError) in try replicas.sum() }
  }

  /// Turns the summed gradient of scored rows into that of the table's rows, and adds the lookups'.
  private func finish(_ own: Tensor, _ step: HeadStep, _ lookups: LookupGradients) {
    RowGradients(rows: .all(table.ownRows), values: own).forEachPiece(team) { thread, piece in
      guard case .all(let rows) = piece.rows else { return }
      workers[thread].finish(piece.values, of: rows, step.randomness)
      lookups.add(to: piece.values, rows)
    }
  }

  /// Runs `body` on every stripe that this rank holds, by its place among them, on whichever thread is free.
  private func walkStripes(_ phase: StepPhase, _ body: (_ worker: HeadWorker, _ place: Int) -> Void) {
    team.forEach(table.heldStripes.count) { thread, place in
      timeline.measure(phase, thread: thread, isDetail: true) { body(workers[thread], place) }
    }
  }
}
