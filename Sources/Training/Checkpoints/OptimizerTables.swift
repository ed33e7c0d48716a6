import MPI
import Tensors

/// What the optimizer remembers of the item table, on its way from the ranks that own the rows to rank 0's file.
final class OptimizerTables {
  /// In the order of their names, in which the file has them.
  private let tables: [(name: String, values: FloatStorage)]
  private let counts: [Int]
  private let group: any ProcessGroup
  private var next = 0

  init(_ optimizer: Optimizer, _ exchange: GradientExchange, group: any ProcessGroup) {
    tables = optimizer.state.sorted { $0.name < $1.name }
    counts = exchange.shares.map { $0 * exchange.width }
    self.group = group
  }

  /// On rank 0: hands the whole of the next table, which has this name, to `body`.
  func stream(_ name: String, to body: (UnsafeRawBufferPointer) throws -> Void) throws {
    precondition(tables[next].name == name, "\(name) is asked for, but \(tables[next].name) comes next")
    let own = UnsafeBufferPointer(tables[next].values.elements)
    next += 1
    try group.stream(own, counts: counts, to: 0) { try body(UnsafeRawBufferPointer($0)) }
  }

  /// Takes part in what is left of all tables: on ranks other than 0 everything, on rank 0 what it did not ask for.
  func finish() throws {
    while next < tables.count { try stream(tables[next].name, to: { _ in }) }
  }
}
