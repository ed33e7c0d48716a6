import Catalogue
import MPI
import Tensors

/// What the ranks have of the item table, rows and what the optimizer remembers of them, on its way from the ranks that
/// own the rows to rank 0's files.
final class TableStreams {
  /// In the order in which the files have them.
  private let tables: [(name: String, own: Tensor)]
  private let shares: [Int]
  private let group: any ProcessGroup
  private var next = 0

  init(_ training: Trainer) {
    let table = training.table, rows = table.isSharded ? [(table.parameter.name, table.own)] : []
    let moments = training.tableOptimizer.state.sorted { $0.name < $1.name }.map {
      ($0.name, $0.values.tensor(rows: table.ownRows.count, columns: table.width))
    }
    tables = rows + moments
    shares = table.shares
    group = table.group
  }

  /// On rank 0: hands the whole of the next table, which has this name, to `body`.
  func stream(_ name: String, to body: (UnsafeRawBufferPointer) throws -> Void) throws {
    precondition(tables[next].name == name, "\(name) is asked for, but \(tables[next].name) comes next")
    let own = UnsafeBufferPointer(tables[next].own.elements)
    next += 1
    try group.stream(own, counts: shares, to: 0) { try body(UnsafeRawBufferPointer($0)) }
  }

  /// Takes part in what is left of all tables: on ranks other than 0 everything, on rank 0 what it did not ask for.
  func finish() throws {
    while next < tables.count { try stream(tables[next].name, to: { _ in }) }
  }
}
