import MPI
import Sessions
import Storage

extension SessionTable {
  /// Rank 0's sessions, on every rank; collective.
  /// - Parameter table: on rank 0; nil on the others.
  public static func broadcast(_ table: SessionTable?, group: any ProcessGroup) throws(MPIError) -> SessionTable {
    var offsets = table.map { Array($0.offsets) } ?? [], items = table.map { Array($0.items) } ?? []
    var targets = table.map { Array($0.targets) } ?? [], locales = table.map { Array($0.locales) } ?? []
    try group.broadcast(resizing: &offsets, from: 0)
    try group.broadcast(resizing: &items, from: 0)
    try group.broadcast(resizing: &targets, from: 0)
    try group.broadcast(resizing: &locales, from: 0)
    return SessionTable(
      offsets: MappedArray(offsets), items: MappedArray(items), targets: MappedArray(targets),
      locales: MappedArray(locales))
  }
}
