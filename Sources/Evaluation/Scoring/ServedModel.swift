import Catalogue
import MPI
import Models
import Tensors

/// A session model and the item table that it works with, ready to rank the catalogue: of a table in parts each rank
/// serves its own.
package final class ServedModel {
  package let model: any SessionModel
  package let table: ItemTable
  /// What session vectors are multiplied with: the rows that this rank holds of the table, or their scored form.
  let rows: TableSlice
  /// The largest magnitude in the scored form of the whole table; infinity or NaN where an element is not finite.
  let largestElement: Float
  private let arena = Arena()

  /// Collective over the table's holders.
  /// - Parameter table: as it is now, and stays until the last score.
  package init(_ model: any SessionModel, _ table: ItemTable) throws(MPIError) {
    self.model = model
    self.table = table
    let held = table.held
    let scored = model.scoring.rowTransform(width: table.width)
      .scored(held.range, of: held, randomness: nil, in: arena)
    rows = TableSlice(scored, first: held.first)
    // Without their signs the order of floats is that of their bits, and what is no number comes last.
    var largest = [scored.largestMagnitude.bitPattern]
    try table.holders.maximum(&largest)
    largestElement = Float(bitPattern: largest[0])
  }

  /// A model that has its whole table.
  package convenience init(_ model: any SessionModel) throws(MPIError) {
    try self.init(model, ItemTable(model.parameters, placement: .replicated, group: SoloGroup()))
  }
}
