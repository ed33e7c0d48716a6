import Catalogue
import MPI
import Models
import Sessions
import Tensors

/// One step of training on all ranks: the lanes' losses and gradients, their exchange, the update.
///
/// A step's result depends on the weights, the batch, the step and the options, and on nothing else: not on how
/// many ranks share the lanes, nor on where the item table is (docs/numerics.md).
package final class Trainer {
  /// What shapes a step, beside model and data.
  package struct Options {
    package var lanes = 8
    /// Blocks of lanes that the catalogue head multiplies; at most as many as lanes.
    package var headBlocks = 8
    /// Where the item table is; changes no bit.
    package var placement = TablePlacement.replicated
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

    package init(lanes: Int = 8) {
      self.lanes = lanes
      headBlocks = min(lanes, headBlocks)
    }
  }

  package let model: any SessionModel
  package let table: ItemTable
  /// Of this rank's rows of the item table, and of the dense weights.
  package let tableOptimizer: Optimizer
  package let denseOptimizer: Optimizer

  private let options: Options
  package let group: any ProcessGroup
  private let timeline: Timeline
  private let team: ThreadTeam
  private let exchange: GradientExchange
  private let head: any LossHead
  private let lookups: LookupGradients
  private let lanes: [LaneMemory]
  private let arena = Arena()

  /// What is kept of a lane from step to step: memory.
  private final class LaneMemory {
    var batch = RaggedBatch()
    let arena = Arena()
  }

  /// - Parameters:
  ///   - sampler: draws the negatives of a sampled loss; not used by the full one.
  ///   - timeline: records the phases of the steps.
  /// - Throws: `MPIError.moreRanksThanLanes`, `.moreRanksThanBlocks`, `.lanesNotAPowerOfTwo`.
  package init(
    _ model: any SessionModel, _ options: Options, sampler: ItemSampler? = nil, group: any ProcessGroup,
    timeline: Timeline = .off
  ) throws(MPIError) {
    self.model = model
    self.options = options
    self.group = group
    self.timeline = timeline
    team = ThreadTeam(count: options.threads)
    let batch = try BatchLayout(
      lanes: options.lanes, blocks: options.headBlocks,
      takesWholeBlocks: options.loss.isFull && options.placement == .replicated, ranks: group.size)
    table = ItemTable(model.parameters, placement: options.placement, group: group)
    exchange = GradientExchange(model.parameters, batch, group: group)
    lookups = LookupGradients(table)
    if options.loss.isFull {
      head = CatalogueHead(
        table, scoring: model.scoring, batch, precision: options.precision, team: team, timeline: timeline)
    } else {
      guard let sampler else { preconditionFailure("a sampled loss needs a sampler") }
      head = try SampledHead(
        options.loss, options.updatedRows, table, scoring: model.scoring, batch, logShare: sampler.logShare, team: team,
        timeline: timeline
      ) { sampler.draw(options.loss.samples, step: $0) }
    }
    tableOptimizer = Optimizer(options.optimizer, count: table.ownRows.count * table.width)
    denseOptimizer = Optimizer(options.optimizer, count: model.parameters.denseStorage.count)
    lanes = exchange.ownLanes.map { _ in LaneMemory() }
  }

  /// Trains on one global batch; collective.
  /// - Parameters:
  ///   - step: how many steps came before.
  ///   - batch: the batch's sessions, or prefixes where these are rows, by their number in `sessions`; not empty.
  ///   - rate: the learning rate.
  /// - Returns: the sum of the targets' losses before the update, in nats, and how many targets there were; the
  ///   same on every rank.
  package func run(
    _ step: Int, on batch: ArraySlice<Int32>, of sessions: SessionTable, rate: Double
  ) throws(MPIError) -> (loss: Double, targets: Int) {
    let headStep = makeHeadStep(step, batch, sessions)
    let loss = try computeLanes(headStep, batch, sessions).loss
    try waitForOthers()
    let dense = try timeline.measure(.exchange) { () throws(MPIError) in
      options.frozen.trained(try exchange.sumDense())
    }
    let rate = Rate(step: options.optimizerSteps + step, value: rate)
    if options.clipNorm != nil {
      let rows = options.frozen == .items ? nil : try head.tableGradient(headStep, lookups)
      let scale = try gradientScale(dense, rows)
      updateDense(dense, rate, scale)
      let size = tableOptimizer.stepSize(step: rate.step, rate: rate.value, gradientScale: scale)
      timeline.measure(.optimizer) { rows?.forEachPiece(team) { _, piece in updateTable(piece, size) } }
    } else {
      updateDense(dense, rate, 1)
      if options.frozen != .items {
        let size = tableOptimizer.stepSize(step: rate.step, rate: rate.value, gradientScale: 1)
        try head.forEachTableGradient(headStep, lookups) { _, piece in updateTable(piece, size) }
      }
    }
    try waitForOthers()
    if options.frozen != .items {
      try timeline.measure(.exchange) { () throws(MPIError) in try table.share(head.touchedRows) }
    }
    return (loss, headStep.targets.rows.count)
  }

  /// Tells the time that ranks wait for one another from that of the exchange, when times are recorded.
  private func waitForOthers() throws(MPIError) {
    guard timeline.isRecording else { return }
    try timeline.measure(.waiting) { () throws(MPIError) in try group.barrier() }
  }

  // MARK: Gradients

  private func makeHeadStep(_ step: Int, _ batch: ArraySlice<Int32>, _ sessions: SessionTable) -> HeadStep {
    precondition(!batch.isEmpty, "a batch without sessions")
    return HeadStep(
      number: step, targets: BatchTargets(options.targets, of: batch, lanes: options.lanes, from: sessions),
      clicks: options.loss.isFull
        ? []
        : batch.flatMap {
          options.targets == .prefixes ? sessions.clicks(ofPrefix: $0) : sessions.items(of: Int($0))
        },
      randomness: DropoutKey(seed: options.seed, step: step))
  }

  /// Sessions forwards, the head, sessions backwards: the batch's loss, this rank's dense weights' gradients in `exchange`, and
  /// in `lookups` those of its rows that were looked up.
  private func computeLanes(
    _ step: HeadStep, _ batch: ArraySlice<Int32>, _ sessions: SessionTable
  ) throws(MPIError) -> (loss: Double, vectors: Tensor) {
    for (place, lane) in lanes.enumerated() {
      lane.batch.fill(
        with: batch, lane: exchange.ownLanes.lowerBound + place, of: options.lanes, from: sessions,
        targets: options.targets, prefixes: type(of: model).prefixes)
    }
    let rows = try timeline.measure(.exchange) { () throws(MPIError) in try table.fetch(rowNumbers(step)) }
    let encoded = timeline.measure(.encode) {
      team.map(lanes.count) { _, lane in encodeLane(lane, rows, step.randomness) }
    }
    let vectors = sideBySide(encoded.map(\.vectors.value))
    let (loss, gradients) = try head.sessionGradients(of: vectors, step, rows: rows)
    timeline.measure(.encodeBackward) {
      var first = 0
      let places = encoded.map { lane in
        defer { first += lane.vectors.value.rows }
        return first..<first + lane.vectors.value.rows
      }
      team.forEach(encoded.count) { _, lane in
        encoded[lane].tape.backward(from: encoded[lane].vectors, gradient: gradients.rows(places[lane]))
      }
    }
    try timeline.measure(.exchange) { () throws(MPIError) in
      try lookups.exchange(encoded.flatMap(\.tape.lookups))
    }
    return (loss, vectors)
  }

  /// The rows of the table that this rank needs, rising; none where it has all of them.
  private func rowNumbers(_ step: HeadStep) -> [Int32] {
    let ofHead = head.rows(for: step)
    if !table.isSharded { return [] }
    return (lanes.flatMap(\.batch.items) + ofHead).distinct
  }

  /// Turns the sessions of one of this rank's lanes into vectors.
  private func encodeLane(
    _ place: Int, _ rows: TableRows, _ randomness: DropoutKey
  ) -> (tape: Tape, vectors: Variable) {
    let memory = lanes[place]
    memory.arena.reset()
    let tape = Tape(
      arena: memory.arena, gradients: exchange.clearedDenseGradient(ofOwnLane: place), randomness: randomness,
      tableRows: rows)
    return (tape, model.encode(memory.batch, on: tape))
  }

  /// The lanes' vectors as one matrix.
  private func sideBySide(_ lanes: [Tensor]) -> Tensor {
    arena.reset()
    let vectors = arena.uninitialised(rows: lanes.reduce(0) { $0 + $1.rows }, columns: table.width)
    var first = 0
    for lane in lanes {
      vectors.rows(first..<first + lane.rows).base.update(from: lane.base, count: lane.count)
      first += lane.rows
    }
    return vectors
  }

  // MARK: Update

  /// The learning rate of a step, counted from the first that the optimizer's moments have seen.
  private struct Rate {
    let step: Int
    let value: Double
  }

  /// What gradients are multiplied with so that their length over all weights is at most the limit.
  private func gradientScale(
    _ dense: UnsafeMutableBufferPointer<Float>, _ rows: RowGradients?
  ) throws(MPIError) -> Float {
    guard let clipNorm = options.clipNorm else { return 1 }
    // As torch.nn.utils.clip_grad_norm_ does it.
    return Float(min(1, clipNorm / (try exchange.norm(dense: dense, rows) + 1e-6)))
  }

  private func updateDense(_ gradient: UnsafeMutableBufferPointer<Float>, _ rate: Rate, _ scale: Float) {
    timeline.measure(.optimizer) {
      denseOptimizer.update(
        options.frozen.trained(model.parameters.denseStorage.elements), gradient: gradient,
        denseOptimizer.stepSize(step: rate.step, rate: rate.value, gradientScale: scale))
    }
  }

  /// Updates some of this rank's rows of the table.
  private func updateTable(_ gradients: RowGradients, _ size: Optimizer.StepSize) {
    let first = table.ownRows.lowerBound
    switch gradients.rows {
    case .all(let rows):
      tableOptimizer.update(
        table.held.rows(rows).elements, at: (rows.lowerBound - first) * table.width,
        gradient: gradients.values.elements, size)
    case .touched(let rows):
      tableOptimizer.update(table.own, rows: rows.map { $0 - Int32(first) }, gradient: gradients.values, size)
    }
  }

  /// Losses and gradients of a batch without an update, for checks against references. For one rank, one lane,
  /// the whole catalogue.
  package func gradients(
    of batch: [Int32], from sessions: SessionTable
  ) throws(MPIError) -> (loss: Double, vectors: [Float], gradients: [String: [Float]]) {
    precondition(options.lanes == 1, "the session vectors of several lanes lie apart")
    let step = makeHeadStep(0, batch[...], sessions)
    let (loss, vectors) = try computeLanes(step, batch[...], sessions)
    let dense = try exchange.sumDense()
    var gradients = [table.parameter.name: try head.tableGradient(step, lookups).values.array]
    for parameter in model.parameters.dense {
      gradients[parameter.name] = Array(dense[parameter.offset!..<parameter.offset! + parameter.value.count])
    }
    return (loss, vectors.array, gradients)
  }
}
