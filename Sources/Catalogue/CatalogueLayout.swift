import MPI
import Tensors

/// How the rows of an item table are cut and shared out.
///
/// Rows come in tiles, which the head and the ranking work on one at a time, and tiles in stripes. What runs over the
/// catalogue is added up within a stripe, tile after tile, and then over the stripes in the balanced tree: so it has
/// the same bits whoever owns which stripes. A rank owns whole stripes, neighbouring ones.
package struct CatalogueLayout: Equatable, Sendable {
  /// How many stripes a large catalogue has: more ranks or threads than these have nothing to do.
  package static let largestStripeCount = 64

  /// Rows of the table, the padding row 0 counted.
  package let rows: Int
  /// Whose leaves are the stripes.
  package let tree: LaneTree
  private let tiles: [Range<Int>]

  /// - Parameter rows: of the table, the padding row 0 counted; at least 2.
  package init(rows: Int) {
    precondition(rows > 1, "a catalogue without items")
    self.rows = rows
    tiles = Tensor.tiles(ofTableWith: rows)
    var count = 1
    while 2 * count <= min(tiles.count, Self.largestStripeCount) { count *= 2 }
    do { tree = try LaneTree(lanes: count) } catch { preconditionFailure("\(error)") }
  }

  package var stripeCount: Int { tree.lanes }

  /// The tiles of a stripe; there is at least one.
  package func tiles(ofStripe stripe: Int) -> ArraySlice<Range<Int>> {
    tiles[firstTile(ofStripe: stripe)..<firstTile(ofStripe: stripe + 1)]
  }

  /// The stripes that a rank of `size` owns; none where there are fewer stripes than ranks, for some.
  package func stripes(of rank: Int, size: Int) -> Range<Int> {
    precondition((0..<size).contains(rank), "there is no rank \(rank) of \(size)")
    return rank * stripeCount / size..<(rank + 1) * stripeCount / size
  }

  /// The rows of some neighbouring stripes. The padding row goes with the first stripe.
  package func rows(ofStripes stripes: Range<Int>) -> Range<Int> {
    firstRow(ofStripe: stripes.lowerBound)..<firstRow(ofStripe: stripes.upperBound)
  }

  /// The rows that a rank of `size` owns.
  package func rows(of rank: Int, size: Int) -> Range<Int> { rows(ofStripes: stripes(of: rank, size: size)) }

  /// Where the rows of each of `size` ranks begin and end: as many numbers as there are ranks, and one.
  package func rowBounds(size: Int) -> [Int] { (0...size).map { firstRow(ofStripe: $0 * stripeCount / size) } }

  private func firstTile(ofStripe stripe: Int) -> Int { stripe * tiles.count / stripeCount }

  private func firstRow(ofStripe stripe: Int) -> Int {
    stripe == 0 ? 0 : stripe == stripeCount ? rows : tiles[firstTile(ofStripe: stripe)].lowerBound
  }
}
