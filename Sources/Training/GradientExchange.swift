import MPI
import Tensors

/// Gathers the gradients of all lanes over all ranks, always in the same order, and puts the updated weights
/// together again. The only place of a training step that talks to other processes.
///
/// The item table is shared out by rows (ZeRO stage 1: Rajbhandari et al., arXiv:1910.02054): each rank gets the
/// sum for its own rows, updates them, and passes them on. A row's gradient is the head's, added over the lanes
/// in the fixed tree, then what came back through looked-up vectors, one occurrence after another in the order
/// of the global batch. Dense weights are updated on every rank alike.
package final class GradientExchange {
  /// The rows of the item table that this rank updates.
  package let ownRows: Range<Int>
  /// The lanes that this rank computes.
  package let ownLanes: Range<Int>
  /// Places in `ownLanes`, by subtree: what the head adds up by itself.
  package let subtrees: [Range<Int>]
  /// Where the head writes the table's gradient, one for each of `subtrees`; each as large as the table.
  package let tableGradients: [Tensor]

  private let group: any ProcessGroup
  private let reducer: FixedTreeReducer
  private let rowBounds: [Int]
  private let width: Int
  private let tableStorage: [FloatStorage]
  private let denseStorage: [FloatStorage]
  private let outgoing: OccurrenceBuffer
  private let incoming: OccurrenceBuffer

  /// - Throws: `MPIError.moreRanksThanLanes`.
  package init(_ parameters: ParameterSet, lanes: LaneTree, group: any ProcessGroup) throws(MPIError) {
    let reducer = try FixedTreeReducer(group: group, tree: lanes)
    let table = parameters.itemTable.value
    self.group = group
    self.reducer = reducer
    width = table.columns
    outgoing = OccurrenceBuffer(width: table.columns)
    incoming = OccurrenceBuffer(width: table.columns)
    rowBounds = (0...group.size).map { $0 * table.rows / group.size }
    ownRows = rowBounds[group.rank]..<rowBounds[group.rank + 1]
    ownLanes = reducer.ownLanes
    subtrees = reducer.ownSubtrees.map {
      $0.lowerBound - reducer.ownLanes.lowerBound..<$0.upperBound - reducer.ownLanes.lowerBound
    }
    tableStorage = subtrees.map { _ in FloatStorage(count: table.count) }
    tableGradients = tableStorage.map { $0.tensor(rows: table.rows, columns: table.columns) }
    denseStorage = ownLanes.map { _ in FloatStorage(count: parameters.denseStorage.count) }
  }

  /// Where a lane's tape adds the gradients of the dense weights: one vector, zeroed.
  package func clearedDenseGradient(ofOwnLane lane: Int) -> UnsafeMutablePointer<Float> {
    denseStorage[lane].elements.update(repeating: 0)
    return denseStorage[lane].base
  }

  /// The gradient of the dense weights, summed over all lanes; the same on every rank. Collective.
  package func sumDense() throws(MPIError) -> UnsafeMutableBufferPointer<Float> {
    let partials = reducer.fold(laneBuffers: denseStorage.map(\.elements))
    try reducer.allReduce(partials)
    return partials[0]
  }

  /// The gradient of this rank's rows of the table, `[ownRows.count, D]`. Collective.
  /// - Parameters:
  ///   - lookups: of this rank's lanes, in their order, after the tapes have run backwards.
  ///   - finishHead: gets the head's gradient of `ownRows`, added over all lanes, before the lookups' are added.
  package func sumTable(
    _ lookups: [TableLookup], finishHead: (Tensor) -> Void
  ) throws(MPIError) -> Tensor {
    let own = tableGradients[0].rows(ownRows)
    try reducer.reduceScatter(
      tableStorage.map(\.elements), shares: shares.map { $0 * width }, into: own.elements)
    finishHead(own)
    try addLookups(lookups, to: own)
    return own
  }

  /// Completes the table on every rank, each having updated its own rows. Collective.
  package func shareRows(of table: Tensor) throws(MPIError) {
    try group.allGather(inPlace: table.elements, counts: shares.map { $0 * width })
  }

  /// The sum over all lanes of one number a lane, in Float64; the same on every rank. Collective.
  package func sum(_ ofOwnLanes: [Double]) throws(MPIError) -> Double { try reducer.sum(ofOwnLanes) }

  /// How many rows each rank owns.
  package var shares: [Int] { zip(rowBounds.dropFirst(), rowBounds).map { $0 - $1 } }

  private func addLookups(_ lookups: [TableLookup], to own: Tensor) throws(MPIError) {
    // Ranks own runs of lanes in rank order, so what arrives from rank 0, 1, … is in the global order.
    let sent = outgoing.pack(lookups, rowBounds: rowBounds)
    let received = try countsReceived(sent)
    incoming.resize(received.reduce(0, +))
    try group.allToAll(
      send: UnsafeBufferPointer(outgoing.rows), counts: sent, receive: incoming.rows, counts: received)
    try group.allToAll(
      send: UnsafeBufferPointer(outgoing.gradients.elements), counts: sent.map { $0 * width },
      receive: incoming.gradients.elements, counts: received.map { $0 * width })
    incoming.add(to: own, firstRow: ownRows.lowerBound)
  }

  /// How many occurrences each rank has for this one.
  private func countsReceived(_ sent: [Int]) throws(MPIError) -> [Int] {
    let ones = [Int](repeating: 1, count: group.size)
    var received = ones
    try sent.withUnsafeBufferPointer { (sent) throws(MPIError) in
      try received.withUnsafeMutableBufferPointer { (received) throws(MPIError) in
        try group.allToAll(send: sent, counts: ones, receive: received, counts: ones)
      }
    }
    return received
  }
}
