import MPI
import Models
import Sessions
import Tensors

/// One step of training on all ranks: the lanes' losses and gradients, their exchange, the update.
///
/// A step's result depends on the weights, the batch, the step and the options, and on nothing else: not on how
/// many ranks share the lanes (docs/numerics.md).
package final class Trainer {
  /// What shapes a step, beside model and data.
  package struct Options {
    package var lanes = 8
    package var seed: UInt64 = 2023
    package var optimizer = OptimizerOptions()
    /// The gradient's norm above which it is scaled down to it.
    package var clipNorm: Double?
    package var loss = LossPlan()
    package var targets = TargetRule.last
    /// What the products of the catalogue head multiply.
    package var precision = Precision.float32
    /// How many threads of this rank work; changes no bit.
    package var threads = 1
    /// Which rows a step of a sampled loss updates.
    package var updatedRows = UpdatedRows.touched
    /// The weights that are not trained.
    package var frozen = FrozenWeights.none
    /// Steps that the optimizer's moments have seen before the first one here.
    package var optimizerSteps = 0

    package init(lanes: Int = 8) { self.lanes = lanes }
  }

  package let model: any SessionModel
  package let exchange: GradientExchange
  /// Of this rank's rows of the item table, and of the dense weights.
  package let tableOptimizer: Optimizer
  package let denseOptimizer: Optimizer

  private let options: Options
  let group: any ProcessGroup
  private let timeline: Timeline
  private let team: ThreadTeam
  private let head: Head
  private let lanes: [LaneMemory]

  /// The loss over the session vectors.
  private enum Head {
    case catalogue(CatalogueHead)
    case sampled(SampledHead, ItemSampler)
  }

  /// What is kept of a lane from step to step: memory.
  private final class LaneMemory {
    var batch = RaggedBatch()
    let arena = Arena()
  }

  /// - Parameters:
  ///   - sampler: draws the negatives of a sampled loss; not used by the full one.
  ///   - timeline: records the phases of the steps.
  /// - Throws: `MPIError.moreRanksThanLanes`, `.lanesNotAPowerOfTwo`.
  package init(
    _ model: any SessionModel, _ options: Options, sampler: ItemSampler? = nil, group: any ProcessGroup,
    timeline: Timeline = .off
  ) throws(MPIError) {
    self.model = model
    self.options = options
    self.group = group
    self.timeline = timeline
    team = ThreadTeam(count: options.threads)
    exchange = try GradientExchange(model.parameters, lanes: LaneTree(lanes: options.lanes), group: group)
    let table = model.parameters.itemTable.value
    if options.loss.isFull {
      head = .catalogue(
        CatalogueHead(
          table: table, scoring: model.scoring, precision: options.precision, team: team, timeline: timeline))
    } else {
      guard let sampler else { preconditionFailure("a sampled loss needs a sampler") }
      let head = SampledHead(options.loss, table: table, scoring: model.scoring, share: sampler.share)
      self.head = .sampled(head, sampler)
    }
    tableOptimizer = Optimizer(options.optimizer, count: exchange.ownRows.count * table.columns)
    denseOptimizer = Optimizer(options.optimizer, count: model.parameters.denseStorage.count)
    lanes = exchange.ownLanes.map { _ in LaneMemory() }
  }

  /// Trains on one global batch; collective.
  /// - Parameters:
  ///   - step: how many steps came before.
  ///   - batch: the batch's sessions, by their number in `sessions`; not empty.
  ///   - rate: the learning rate.
  /// - Returns: the sum of the targets' losses before the update, in nats, and how many targets there were; the
  ///   same on every rank.
  package func run(
    _ step: Int, on batch: ArraySlice<Int32>, of sessions: SessionTable, rate: Double
  ) throws(MPIError) -> (loss: Double, targets: Int) {
    precondition(!batch.isEmpty, "a batch without sessions")
    let targets = BatchTargets(options.targets, of: batch, lanes: options.lanes, from: sessions)
    let results = computeLanes(step, batch, targets, sessions)
    try waitForOthers()
    let (dense, rows, scale) = try timeline.measure(.exchange) { () throws(MPIError) in
      let dense = options.frozen.trained(try exchange.sumDense())
      let rows = options.frozen.trained(try sumTable(results, step))
      return (dense, rows, try gradientScale(dense, rows))
    }
    let optimizerStep = options.optimizerSteps + step
    timeline.measure(.optimizer) {
      denseOptimizer.update(
        options.frozen.trained(model.parameters.denseStorage.elements), gradient: dense, gradientScale: scale,
        step: optimizerStep, rate: rate)
      update(rows, gradientScale: scale, step: optimizerStep, rate: rate)
    }
    try waitForOthers()
    return try timeline.measure(.exchange) { () throws(MPIError) in
      try exchange.share(rows.rows, of: model.parameters.itemTable.value)
      return (try exchange.sum(results.map(\.loss)), targets.rows.count)
    }
  }

  /// Tells the time that ranks wait for one another from that of the exchange, when times are recorded.
  private func waitForOthers() throws(MPIError) {
    guard timeline.isRecording else { return }
    try timeline.measure(.waiting) { () throws(MPIError) in try group.barrier() }
  }

  /// What gradients are multiplied with so that their length over all weights is at most the limit.
  private func gradientScale(
    _ dense: UnsafeMutableBufferPointer<Float>, _ rows: RowGradients
  ) throws(MPIError) -> Float {
    guard let clipNorm = options.clipNorm else { return 1 }
    // As torch.nn.utils.clip_grad_norm_ does it.
    return Float(min(1, clipNorm / (try exchange.norm(dense: dense, rows) + 1e-6)))
  }

  /// Updates this rank's rows of the table.
  private func update(_ gradients: RowGradients, gradientScale: Float, step: Int, rate: Double) {
    let table = model.parameters.itemTable.value
    switch gradients.rows {
    case .all(let range):
      // Updates are elementwise: in pieces, for as many threads as there are.
      let pieces = team.count == 1 ? 1 : 8 * team.count
      team.forEach(pieces) { _, piece in
        let rows = piece * range.count / pieces..<(piece + 1) * range.count / pieces
        tableOptimizer.update(
          table.rows(range.lowerBound + rows.lowerBound..<range.lowerBound + rows.upperBound).elements,
          at: rows.lowerBound * table.columns, gradient: gradients.values.rows(rows).elements,
          gradientScale: gradientScale, step: step, rate: rate)
      }
    case .touched(let rows):
      for (place, row) in rows.enumerated() {
        tableOptimizer.update(
          table.rows(Int(row)..<Int(row) + 1).elements,
          at: (Int(row) - exchange.ownRows.lowerBound) * table.columns,
          gradient: gradients.values.rows(place..<place + 1).elements, gradientScale: gradientScale, step: step,
          rate: rate)
      }
    }
  }

  /// What one lane computed.
  private struct LaneResult {
    let tape: Tape
    let vectors: Variable
    let head: CatalogueHead.Lane
    var loss = 0.0
  }

  /// Losses and gradients of this rank's lanes: sessions forwards, the head, sessions backwards.
  private func computeLanes(
    _ step: Int, _ batch: ArraySlice<Int32>, _ targets: BatchTargets, _ sessions: SessionTable
  ) -> [LaneResult] {
    let randomness = DropoutKey(seed: options.seed, step: step)
    var results = timeline.measure(.encode) {
      team.map(lanes.count) { _, lane in encodeLane(lane, batch, sessions, randomness) }
    }
    let losses = losses(of: results.map(\.head), targets, step: step, randomness: randomness)
    for lane in results.indices { results[lane].loss = losses[lane] }
    timeline.measure(.encodeBackward) {
      team.forEach(results.count) { _, lane in
        results[lane].tape.backward(from: results[lane].vectors, gradient: results[lane].head.gradient)
      }
    }
    return results
  }

  /// Turns the sessions of one of this rank's lanes into vectors.
  private func encodeLane(
    _ place: Int, _ batch: ArraySlice<Int32>, _ sessions: SessionTable, _ randomness: DropoutKey
  ) -> LaneResult {
    let memory = lanes[place]
    memory.arena.reset()
    memory.batch.fill(
      with: batch, lane: exchange.ownLanes.lowerBound + place, of: options.lanes,
      from: sessions, targets: options.targets, prefixes: type(of: model).prefixes)
    let tape = Tape(
      arena: memory.arena, gradients: exchange.clearedDenseGradient(ofOwnLane: place), randomness: randomness)
    let vectors = model.encode(memory.batch, on: tape)
    let gradient = memory.arena.uninitialised(rows: vectors.value.rows, columns: vectors.value.columns)
    return LaneResult(
      tape: tape, vectors: vectors,
      head: CatalogueHead.Lane(
        sessions: vectors.value, targets: memory.batch.targets, gradient: gradient))
  }

  /// The losses of the lanes; their gradients are left in the lanes and, for the table, in the head's hands.
  private func losses(
    of lanes: [CatalogueHead.Lane], _ targets: BatchTargets, step: Int, randomness: DropoutKey
  ) -> [Double] {
    let scale = 1 / Float(targets.rows.count)
    switch head {
    case .catalogue(let head):
      return head.lossesAndGradients(
        lanes, subtrees: exchange.subtrees, scale: scale, randomness: randomness,
        tableGradients: exchange.tableGradients)
    case .sampled(let head, let sampler):
      return timeline.measure(.headBackward) {
        head.lossesAndGradients(
          lanes, firstTargets: Array(targets.firstOfLane[exchange.ownLanes]), targets: targets.rows,
          samples: sampler.draw(options.loss.samples, step: step), scale: scale, randomness: randomness)
      }
    }
  }

  /// The gradient of this rank's rows of the table; collective.
  private func sumTable(_ lanes: [LaneResult], _ step: Int) throws(MPIError) -> RowGradients {
    let randomness = DropoutKey(seed: options.seed, step: step)
    let lookups = lanes.flatMap(\.tape.lookups)
    switch head {
    case .catalogue(let head):
      return try exchange.sumTable(lookups) {
        head.finishTableGradient($0, rows: exchange.ownRows, randomness: randomness)
      }
    case .sampled(let head, _):
      let touched = try exchange.sumTouched(head.candidates, head.laneGradients, lookups) {
        head.finishGradient($0, randomness: randomness)
      }
      return options.updatedRows == .all ? exchange.spread(touched) : touched
    }
  }

  /// Losses and gradients of a batch without an update, for checks against references. For one rank, one lane,
  /// the whole catalogue.
  package func gradients(
    of batch: [Int32], from sessions: SessionTable
  ) throws(MPIError) -> (loss: Double, vectors: [Float], gradients: [String: [Float]]) {
    precondition(options.lanes == 1, "the session vectors of several lanes lie apart")
    let targets = BatchTargets(options.targets, of: batch[...], lanes: 1, from: sessions)
    let lane = computeLanes(0, batch[...], targets, sessions)[0]
    let dense = try exchange.sumDense()
    var gradients = [model.parameters.itemTable.name: try sumTable([lane], 0).values.array]
    for parameter in model.parameters.dense {
      gradients[parameter.name] = Array(dense[parameter.offset!..<parameter.offset! + parameter.value.count])
    }
    return (lane.loss, lane.vectors.value.array, gradients)
  }
}
