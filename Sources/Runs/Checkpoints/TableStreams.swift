import MPI

/// The tables of a snapshot on their way from the ranks that have their parts to rank 0's files, while all wait.
final class TableStreams {
  private let tables: [TrainerSnapshot.Table]
  private let group: any ProcessGroup
  private var next = 0

  /// - Parameter tables: in the order in which the files have them.
  init(_ tables: [TrainerSnapshot.Table], group: any ProcessGroup) {
    self.tables = tables
    self.group = group
  }

  /// On rank 0: hands the whole of the next table, which is this one, to `body`.
  func stream(_ table: TrainerSnapshot.Table, to body: (UnsafeRawBufferPointer) throws -> Void) throws {
    precondition(tables[next].name == table.name, "\(table.name) is asked for, but \(tables[next].name) comes next")
    next += 1
    try group.stream(table.own, counts: table.counts, to: 0) { try body(UnsafeRawBufferPointer($0)) }
  }

  /// Takes part in what is left of all tables: on ranks other than 0 everything, on rank 0 what it did not ask for.
  func finish() throws {
    while next < tables.count { try stream(tables[next], to: { _ in }) }
  }
}
