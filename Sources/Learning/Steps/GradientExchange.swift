import MPI
import Tensors

/// Gathers the gradients of the dense weights of all lanes over all ranks, always in the same order.
final class GradientExchange {
  /// The lanes that this rank computes.
  var ownLanes: Range<Int> { reducer.ownLeaves }
  private let reducer: FixedTreeReducer
  private let group: any ProcessGroup
  private let storage: [FloatStorage]

  init(_ parameters: ParameterSet, _ batch: BatchLayout, group: any ProcessGroup) {
    self.group = group
    reducer = FixedTreeReducer(group: group, tree: batch.lanes, leaves: batch.lanesOfRanks)
    storage = reducer.ownLeaves.map { _ in FloatStorage(count: parameters.denseStorage.count) }
  }

  /// Where a lane's tape adds the gradients of the dense weights: one vector, zeroed.
  func clearedDenseGradient(ofOwnLane lane: Int) -> UnsafeMutablePointer<Float> {
    storage[lane].elements.update(repeating: 0)
    return storage[lane].base
  }

  /// The gradient of the dense weights, summed over all lanes; the same on every rank. Collective.
  func sumDense() throws(MPIError) -> UnsafeMutableBufferPointer<Float> {
    let partials = reducer.fold(leafBuffers: storage.map(\.elements))
    try reducer.allReduce(partials)
    return partials[0]
  }

  /// The length of the whole gradient: the same bits on every rank, on any number of them. Collective.
  func norm(dense: UnsafeMutableBufferPointer<Float>, _ table: RowGradients?) throws(MPIError) -> Double {
    let (all, _) = try group.allGather(table?.sumsOfSquares() ?? [])
    let ofDense = dense.baseAddress.map { Tensor($0, rows: 1, columns: dense.count).sumsOfSquares(rowsAtATime: 1) }
    return all.reduce(ofDense?[0] ?? 0, +).squareRoot()
  }
}
