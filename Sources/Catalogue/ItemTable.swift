import MPI
import Tensors

/// Where the item table of a model is.
public enum TablePlacement: String, CaseIterable, Sendable {
  /// All of it on every rank.
  case replicated
  /// A part of it on each rank.
  case sharded
}

/// The item table of a model that some ranks work on together: which rows are here, which are this rank's to update,
/// and how the others are had.
///
/// Replicated, a rank holds all rows and updates its own ones; sharded, it holds its own ones alone. Either way rank r
/// owns the same rows. Nothing that is computed depends on which of both it is.
package final class ItemTable {
  package let parameter: Parameter
  package let placement: TablePlacement
  package let layout: CatalogueLayout
  /// All ranks.
  package let group: any ProcessGroup
  /// The rows that this rank has.
  package let held: TableSlice
  /// The rows that this rank updates, and saves.
  package let ownRows: Range<Int>

  private let storage: FloatStorage
  private let fetched: RowFetch
  private let arena = Arena()

  /// - Parameters:
  ///   - parameters: of the model, which itself has no memory for the table where that is sharded.
  ///   - group: the ranks among which rows are shared out.
  ///   - own: memory that already has this rank's rows of a sharded table; memory of its own, zeroed, if nil.
  package init(
    _ parameters: ParameterSet, placement: TablePlacement, group: any ProcessGroup, own: FloatStorage? = nil
  ) {
    parameter = parameters.itemTable
    self.placement = placement
    self.group = group
    layout = CatalogueLayout(rows: parameter.rows)
    ownRows = layout.rows(of: group.rank, size: group.size)
    let width = parameter.columns
    switch placement {
    case .replicated:
      storage = parameters.tableStorage
      held = TableSlice(storage.tensor(rows: parameter.rows, columns: width))
    case .sharded:
      storage = own ?? FloatStorage(count: ownRows.count * width)
      held = TableSlice(storage.tensor(rows: ownRows.count, columns: width), first: ownRows.lowerBound)
    }
    fetched = RowFetch(width: width, bounds: layout.rowBounds(size: group.size), group: group)
  }

  /// D.
  package var width: Int { parameter.columns }
  package var isSharded: Bool { placement == .sharded }
  /// This rank's own rows: `[ownRows.count, D]`.
  package var own: Tensor { held.rows(ownRows) }
  /// How many elements each rank owns.
  package var shares: [Int] {
    let bounds = layout.rowBounds(size: group.size)
    return zip(bounds.dropFirst(), bounds).map { ($0 - $1) * width }
  }

  /// The ranks that hold the table between them: this one alone where it is replicated.
  package var holders: any ProcessGroup { isSharded ? group : alone }
  private let alone = SoloGroup()

  /// The stripes that this rank holds.
  package var heldStripes: Range<Int> { layout.stripes(of: holders.rank, size: holders.size) }

  /// Rows to look up; collective where the table is sharded.
  /// - Parameter numbers: of the rows that this rank needs, rising.
  /// - Returns: valid until the next call.
  package func fetch(_ numbers: [Int32]) throws(MPIError) -> TableRows {
    isSharded ? try fetched.rows(numbers, from: held) : TableRows(whole: held.values)
  }

  /// Completes the replicas once each rank has updated its own rows; collective.
  /// - Parameter touched: the rows that were updated, rising and the same on every rank; nil for all.
  package func share(_ touched: [Int32]?) throws(MPIError) {
    if isSharded || group.size == 1 { return }
    guard let touched else { return try group.allGather(inPlace: held.values.elements, counts: shares) }
    arena.reset()
    let values = arena.uninitialised(rows: touched.count, columns: width)
    let runs = runs(of: touched), own = runs[group.rank]
    held.values.gather(touched[own], into: values.rows(own))
    try group.allGather(inPlace: values.elements, counts: runs.map { $0.count * width })
    for others in [0..<own.lowerBound, own.upperBound..<touched.count] {
      held.values.scatter(values.rows(others), to: touched[others])
    }
  }

  /// Which of some rising rows each rank owns, as places among them.
  package func runs(of rows: [Int32]) -> [Range<Int>] {
    let places = layout.rowBounds(size: group.size).map { rows.lowerBound(of: Int32($0)) }
    return zip(places, places.dropFirst()).map { $0..<$1 }
  }
}

// Rows as a whole table: how it starts, and how it gets into files and out of them.
extension ItemTable {
  /// Gives all rows their first values: those of `ParameterSet.initialise`. Collective.
  package func initialise(seed: UInt64) throws(MPIError) {
    let rows = isSharded ? ownRows : group.rank == 0 ? 0..<parameter.rows : 0..<0
    parameter.initialise(held.rows(rows), rows: rows, seed: seed)
    if !isSharded { try group.broadcast(held.values.elements, from: 0) }
  }

  /// Takes over the rows that this rank holds.
  package func adopt(_ rows: FloatStorage) {
    precondition(rows.count == held.values.count, "\(rows.count) elements for \(held.range)")
    held.values.base.update(from: rows.base, count: rows.count)
  }

  /// Takes the whole table from rank 0; collective.
  /// - Parameter table: `[rows, D]`, read on rank 0 alone.
  package func receive(_ table: UnsafeBufferPointer<Float>) throws(MPIError) {
    if isSharded { return try group.scatter(table, counts: shares, into: own.elements, from: 0) }
    if group.rank == 0 { _ = held.values.elements.update(fromContentsOf: table) }
    try group.broadcast(held.values.elements, from: 0)
  }
}
