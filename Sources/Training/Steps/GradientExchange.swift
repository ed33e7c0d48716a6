import CKernels
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
  /// Where the catalogue head writes the table's gradient, one for each of `subtrees`; each as large as the table.
  /// Made when first asked for: sampled losses need none.
  package private(set) lazy var tableGradients = tableStorage.map { $0.tensor(rows: tableRows, columns: width) }
  /// Ranks own whole blocks of this many rows, but for the table's end.
  static let rowBlock = 64

  private let group: any ProcessGroup
  private let reducer: FixedTreeReducer
  private let rowBounds: [Int]
  private let tableRows: Int
  /// D.
  let width: Int
  private lazy var tableStorage = subtrees.map { _ in FloatStorage(count: tableRows * width) }
  private lazy var spreadStorage = FloatStorage(count: ownRows.count * width)
  private let denseStorage: [FloatStorage]
  private let outgoing: OccurrenceBuffer
  private let incoming: OccurrenceBuffer
  private let touchedArena = Arena()

  /// - Throws: `MPIError.moreRanksThanLanes`.
  package init(_ parameters: ParameterSet, lanes: LaneTree, group: any ProcessGroup) throws(MPIError) {
    let reducer = try FixedTreeReducer(group: group, tree: lanes)
    let table = parameters.itemTable.value
    self.group = group
    self.reducer = reducer
    tableRows = table.rows
    width = table.columns
    outgoing = OccurrenceBuffer(width: table.columns)
    incoming = OccurrenceBuffer(width: table.columns)
    rowBounds = Self.rowBounds(ofTableWith: table.rows, ranks: group.size)
    ownRows = rowBounds[group.rank]..<rowBounds[group.rank + 1]
    ownLanes = reducer.ownLeaves
    subtrees = reducer.ownSubtrees.map {
      $0.lowerBound - reducer.ownLeaves.lowerBound..<$0.upperBound - reducer.ownLeaves.lowerBound
    }
    denseStorage = ownLanes.map { _ in FloatStorage(count: parameters.denseStorage.count) }
  }

  /// Where the rows of each rank begin and end, as many as there are ranks and one.
  static func rowBounds(ofTableWith rows: Int, ranks: Int) -> [Int] {
    let blocks = (rows + rowBlock - 1) / rowBlock
    return (0...ranks).map { min(rows, $0 * blocks / ranks * rowBlock) }
  }

  /// Where a lane's tape adds the gradients of the dense weights: one vector, zeroed.
  package func clearedDenseGradient(ofOwnLane lane: Int) -> UnsafeMutablePointer<Float> {
    denseStorage[lane].elements.update(repeating: 0)
    return denseStorage[lane].base
  }

  /// The gradient of the dense weights, summed over all lanes; the same on every rank. Collective.
  package func sumDense() throws(MPIError) -> UnsafeMutableBufferPointer<Float> {
    let partials = reducer.fold(leafBuffers: denseStorage.map(\.elements))
    try reducer.allReduce(partials)
    return partials[0]
  }

  /// The gradient of this rank's rows of the table, from the catalogue head's; collective.
  /// - Parameters:
  ///   - lookups: of this rank's lanes, in their order, after the tapes have run backwards.
  ///   - finishHead: gets the head's gradient of `ownRows`, added over all lanes, before the lookups' are added.
  package func sumTable(
    _ lookups: [TableLookup], finishHead: (Tensor) -> Void
  ) throws(MPIError) -> RowGradients {
    let own = tableGradients[0].rows(ownRows)
    try reducer.reduceScatter(
      tableStorage.map(\.elements), shares: shares.map { $0 * width }, into: own.elements)
    finishHead(own)
    try receive(lookups)
    let places = incoming.rows.map { $0 - Int32(ownRows.lowerBound) }
    own.scatterAdd(incoming.gradients, to: places)
    return RowGradients(rows: .all(ownRows), values: own)
  }

  /// The gradient of those of this rank's rows that a step touched, from a sampled head's; collective.
  /// - Parameters:
  ///   - candidates: the rows that the head scored, the same on every rank.
  ///   - gradients: of the candidates, `[candidates, D]`, one for each of this rank's lanes. Overwritten.
  ///   - lookups: of this rank's lanes, in their order, after the tapes have run backwards.
  ///   - finishHead: gets the candidates' gradient, added over all lanes.
  package func sumTouched(
    _ candidates: [Int32], _ gradients: [Tensor], _ lookups: [TableLookup], finishHead: (Tensor) -> Void
  ) throws(MPIError) -> RowGradients {
    let partials = reducer.fold(leafBuffers: gradients.map(\.elements))
    try reducer.allReduce(partials)
    finishHead(gradients[0])
    try receive(lookups)
    let ownPlaces = candidates.indices.filter { ownRows.contains(Int(candidates[$0])) }
    let touched = Set(ownPlaces.map { candidates[$0] }).union(incoming.rows).sorted()
    let place = Dictionary(uniqueKeysWithValues: touched.enumerated().map { ($1, Int32($0)) })
    touchedArena.reset()
    let values = touchedArena.zeros(rows: touched.count, columns: width)
    let scored = gradients[0].gathered(ownPlaces.map(Int32.init), in: touchedArena)
    values.scatterAdd(scored, to: ownPlaces.map { place[candidates[$0]]! })
    values.scatterAdd(incoming.gradients, to: incoming.rows.map { place[$0]! })
    return RowGradients(rows: .touched(touched), values: values)
  }

  /// The same gradient for all rows of this rank: zero for those that the step did not touch.
  package func spread(_ gradient: RowGradients) -> RowGradients {
    guard case .touched(let rows) = gradient.rows else { return gradient }
    let own = spreadStorage.tensor(rows: ownRows.count, columns: width)
    own.elements.update(repeating: 0)
    own.scatterAdd(gradient.values, to: rows.map { $0 - Int32(ownRows.lowerBound) })
    return RowGradients(rows: .all(ownRows), values: own)
  }

  /// Completes the table on every rank, each having updated its own rows; collective.
  package func share(_ rows: RowGradients.Rows, of table: Tensor) throws(MPIError) {
    guard case .touched(let own) = rows else {
      return try group.allGather(inPlace: table.elements, counts: shares.map { $0 * width })
    }
    let (all, counts) = try group.allGather(own)
    let first = counts[..<group.rank].reduce(0, +)
    let values = touchedArena.uninitialised(rows: all.count, columns: width)
    ck_gather_rows(Int64(own.count), Int64(width), table.base, own, values.rows(first..<first + own.count).base)
    try group.allGather(inPlace: values.elements, counts: counts.map { $0 * width })
    for (place, row) in all.enumerated() {
      table.rows(Int(row)..<Int(row) + 1).base.update(from: values.base + place * width, count: width)
    }
  }

  /// The length of the whole gradient: the same bits on every rank, on any number of them. Collective.
  package func norm(
    dense: UnsafeMutableBufferPointer<Float>, _ table: RowGradients
  ) throws(MPIError) -> Double {
    let (all, _) = try group.allGather(table.sumsOfSquares())
    let ofDense = dense.baseAddress.map { Tensor($0, rows: 1, columns: dense.count).sumsOfSquares(rowsAtATime: 1) }
    return all.reduce(ofDense?[0] ?? 0, +).squareRoot()
  }

  /// The sum over all lanes of one number a lane, in Float64; the same on every rank. Collective.
  package func sum(_ ofOwnLanes: [Double]) throws(MPIError) -> Double { try reducer.sum(ofOwnLanes) }

  /// How many rows each rank owns.
  package var shares: [Int] { zip(rowBounds.dropFirst(), rowBounds).map { $0 - $1 } }

  /// Sends looked-up rows' gradients to the rows' owners; what comes here is then in `incoming`. Collective.
  private func receive(_ lookups: [TableLookup]) throws(MPIError) {
    // Ranks own runs of lanes in rank order, so what arrives from rank 0, 1, … is in the global order.
    let sent = outgoing.pack(lookups, rowBounds: rowBounds)
    let received = try group.exchangeCounts(sent)
    incoming.resize(received.reduce(0, +))
    try group.allToAll(
      send: UnsafeBufferPointer(outgoing.rows), counts: sent, receive: incoming.rows, counts: received)
    try group.allToAll(
      send: UnsafeBufferPointer(outgoing.gradients.elements), counts: sent.map { $0 * width },
      receive: incoming.gradients.elements, counts: received.map { $0 * width })
  }
}
