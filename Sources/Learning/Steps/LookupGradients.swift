import Catalogue
import MPI
import Tensors

/// The gradients that came back through looked-up rows of the item table: on their way from the ranks whose sessions
/// looked them up to those that own the rows. A row's are added one occurrence after another, in the order of the global
/// batch. The memory grows to what a step needs and is kept.
package final class LookupGradients {
  private let width: Int
  private let bounds: [Int]
  private let group: any ProcessGroup
  private let outgoing: OccurrenceBuffer
  private let incoming: OccurrenceBuffer
  /// The rows of `incoming`.
  private var order = RowOrder([])

  package init(_ table: ItemTable) {
    width = table.width
    bounds = table.layout.rowBounds(size: table.group.size)
    group = table.group
    outgoing = OccurrenceBuffer(width: width)
    incoming = OccurrenceBuffer(width: width)
  }

  /// Sends gradients to the ranks that own their rows, and takes in those of this rank's; collective.
  /// - Parameter lookups: of this rank's lanes, in their order, after the tapes have run backwards.
  package func exchange(_ lookups: [TableLookup]) throws(MPIError) {
    // Ranks own runs of lanes in rank order, so what arrives from rank 0, 1, … is in the global order.
    let sent = outgoing.pack(lookups, rowBounds: bounds)
    let received = try group.exchangeCounts(sent)
    incoming.resize(received.reduce(0, +))
    try group.allToAll(
      send: UnsafeBufferPointer(outgoing.rows), counts: sent, receive: incoming.rows, counts: received)
    try group.allToAll(
      send: UnsafeBufferPointer(outgoing.gradients.elements), counts: sent.map { $0 * width },
      receive: incoming.gradients.elements, counts: received.map { $0 * width })
    order = RowOrder(Array(incoming.rows))
  }

  /// Adds what came back for some neighbouring rows.
  /// - Parameter gradient: `[numbers.count, D]`.
  func add(to gradient: Tensor, _ numbers: Range<Int>) {
    let rows = order.rows
    let first = rows.lowerBound(of: Int32(numbers.lowerBound)), end = rows.lowerBound(of: Int32(numbers.upperBound))
    for place in first..<end {
      let row = Int(rows[place]) - numbers.lowerBound
      gradient.rows(row..<row + 1).add(incoming.gradients.rows(Int(order.places[place])..<Int(order.places[place]) + 1))
    }
  }

  /// Adds what came back for some rising rows.
  /// - Parameter gradient: `[numbers.count, D]`.
  func add(to gradient: Tensor, _ numbers: [Int32]) {
    var place = 0
    for (row, occurrence) in zip(order.rows, order.places) {
      while numbers[place] < row { place += 1 }
      gradient.rows(place..<place + 1).add(incoming.gradients.rows(Int(occurrence)..<Int(occurrence) + 1))
    }
  }
}
