import MPI
import Models
import Sessions
import Tensors

/// One step of training on all ranks: the lanes' losses and gradients, their exchange, the update.
///
/// A step's result depends on the weights, the batch, the step and the options, and on nothing else: not on how
/// many ranks share the lanes (docs/numerics.md).
package final class TrainingStep {
  /// What shapes a step, beside model and data.
  package struct Options {
    package var lanes = 8
    package var seed: UInt64 = 2023
    package var adam = AdamOptions()

    package init(lanes: Int = 8) { self.lanes = lanes }
  }

  package let model: any SessionModel
  package let exchange: GradientExchange
  /// The moments of this rank's rows of the item table, and of the dense weights.
  package let tableAdam: Adam
  package let denseAdam: Adam

  private let seed: UInt64
  private let laneCount: Int
  private let head: CatalogueHead
  private let arena = Arena()
  private var batches: [RaggedBatch]

  /// - Throws: `MPIError.moreRanksThanLanes`, `.lanesNotAPowerOfTwo`.
  package init(_ model: any SessionModel, _ options: Options, group: any ProcessGroup) throws(MPIError) {
    self.model = model
    seed = options.seed
    laneCount = options.lanes
    exchange = try GradientExchange(model.parameters, lanes: LaneTree(lanes: options.lanes), group: group)
    head = CatalogueHead(table: model.parameters.itemTable.value, scoring: model.scoring)
    let width = model.parameters.itemTable.value.columns
    tableAdam = Adam(options.adam, count: exchange.ownRows.count * width)
    denseAdam = Adam(options.adam, count: model.parameters.denseStorage.count)
    batches = exchange.ownLanes.map { _ in RaggedBatch() }
  }

  /// Trains on one global batch; collective.
  /// - Parameters:
  ///   - step: how many steps came before.
  ///   - batch: the batch's sessions, by their number in `sessions`; not empty.
  ///   - rate: the learning rate.
  /// - Returns: the sum of the sessions' losses before the update, in nats; the same on every rank.
  package func run(
    _ step: Int, on batch: ArraySlice<Int32>, of sessions: SessionTable, rate: Double
  ) throws(MPIError) -> Double {
    precondition(!batch.isEmpty, "a batch without sessions")
    let lanes = computeLanes(step, batch, sessions)
    let table = model.parameters.itemTable.value

    let denseGradient = try exchange.sumDense()
    let tableGradient = try sumTable(lanes, step)
    denseAdam.update(
      model.parameters.denseStorage.elements, gradient: denseGradient, step: step, rate: rate)
    tableAdam.update(
      table.rows(exchange.ownRows).elements, gradient: tableGradient.elements, step: step, rate: rate)
    try exchange.shareRows(of: table)
    return try exchange.sum(lanes.map(\.loss))
  }

  /// What one lane computed.
  private struct LaneResult {
    let tape: Tape
    let vectors: Tensor
    let loss: Double
  }

  /// Losses and gradients of this rank's lanes: sessions forwards, the head, sessions backwards.
  private func computeLanes(
    _ step: Int, _ batch: ArraySlice<Int32>, _ sessions: SessionTable
  ) -> [LaneResult] {
    arena.reset()
    let randomness = DropoutKey(seed: seed, step: step)
    var tapes: [Tape] = [], encoded: [Variable] = [], lanes: [CatalogueHead.Lane] = []
    for (place, lane) in exchange.ownLanes.enumerated() {
      batches[place].fill(with: batch, lane: lane, of: laneCount, from: sessions)
      let gradient = exchange.clearedDenseGradient(ofOwnLane: place)
      let tape = Tape(arena: arena, gradients: gradient, randomness: randomness)
      let vectors = model.encode(batches[place], on: tape)
      let vectorGradient = arena.uninitialised(rows: vectors.value.rows, columns: vectors.value.columns)
      tapes.append(tape)
      encoded.append(vectors)
      lanes.append(
        CatalogueHead.Lane(
          sessions: vectors.value, targets: batches[place].targets, gradient: vectorGradient))
    }
    let losses = head.lossesAndGradients(
      lanes, subtrees: exchange.subtrees, scale: 1 / Float(batch.count), randomness: randomness,
      tableGradients: exchange.tableGradients)
    return tapes.indices.map { place in
      tapes[place].backward(from: encoded[place], gradient: lanes[place].gradient)
      return LaneResult(tape: tapes[place], vectors: encoded[place].value, loss: losses[place])
    }
  }

  /// The gradient of this rank's rows of the table; collective.
  private func sumTable(_ lanes: [LaneResult], _ step: Int) throws(MPIError) -> Tensor {
    let randomness = DropoutKey(seed: seed, step: step)
    return try exchange.sumTable(lanes.flatMap(\.tape.lookups)) { headGradient in
      head.finishTableGradient(headGradient, rows: exchange.ownRows, randomness: randomness)
    }
  }

  /// Losses and gradients of a batch without an update, for checks against references. For one rank, one lane.
  package func gradients(
    of batch: [Int32], from sessions: SessionTable
  ) throws(MPIError) -> (loss: Double, vectors: [Float], gradients: [String: [Float]]) {
    precondition(laneCount == 1, "the session vectors of several lanes lie apart")
    let lane = computeLanes(0, batch[...], sessions)[0]
    let dense = try exchange.sumDense()
    var gradients = [model.parameters.itemTable.name: try sumTable([lane], 0).array]
    for parameter in model.parameters.dense {
      gradients[parameter.name] = Array(dense[parameter.offset!..<parameter.offset! + parameter.value.count])
    }
    return (lane.loss, lane.vectors.array, gradients)
  }
}
