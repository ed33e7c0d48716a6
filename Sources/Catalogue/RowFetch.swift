import MPI
import Tensors

/// Gets rows of a sharded table from the ranks that own them. The memory grows to what is needed and is kept.
final class RowFetch {
  private let width: Int
  /// Rank r owns the rows from `bounds[r]` up to `bounds[r + 1]`.
  private let bounds: [Int]
  private let group: any ProcessGroup
  private let arena = Arena()

  init(width: Int, bounds: [Int], group: any ProcessGroup) {
    self.width = width
    self.bounds = bounds
    self.group = group
  }

  /// Copies of rows; collective.
  /// - Parameters:
  ///   - numbers: of the rows that this rank needs, rising.
  ///   - held: this rank's own rows.
  /// - Returns: valid until the next call.
  func rows(_ numbers: [Int32], from held: TableSlice) throws(MPIError) -> TableRows {
    arena.reset()
    let places = bounds.map { numbers.lowerBound(of: Int32($0)) }
    let wanted = zip(places.dropFirst(), places).map { $0 - $1 }
    let asked = try group.exchangeCounts(wanted)
    let rows = try group.allToAll(numbers, counts: wanted, receiveCounts: asked)
    let sent = held.values.gathered(rows.map { $0 - Int32(held.first) }, in: arena)
    let received = arena.uninitialised(rows: numbers.count, columns: width)
    try group.allToAll(
      send: UnsafeBufferPointer(sent.elements), counts: asked.map { $0 * width }, receive: received.elements,
      counts: wanted.map { $0 * width })
    return TableRows(received, numbers: numbers)
  }
}
