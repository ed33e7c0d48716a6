import Catalogue
import MPI

/// The part of a catalogue that this rank scores, and the ranks that score all of it between them.
package struct CatalogueShare {
  package let layout: CatalogueLayout
  /// This rank alone where it scores the whole catalogue.
  package let holders: any ProcessGroup
  /// The stripes that this rank scores; there may be none.
  package let stripes: Range<Int>
  /// The rows that this rank scores, the padding row 0 not among them.
  package let rows: Range<Int>
  /// The same, tile by tile.
  package let tiles: [Range<Int>]

  /// The part that this rank holds of an item table.
  package init(of table: ItemTable) { self.init(table.layout, holders: table.holders) }

  /// All of a catalogue.
  /// - Parameter rows: the padding row 0 counted.
  package init(wholeOf rows: Int) { self.init(CatalogueLayout(rows: rows), holders: SoloGroup()) }

  private init(_ layout: CatalogueLayout, holders: any ProcessGroup) {
    self.layout = layout
    self.holders = holders
    stripes = layout.stripes(of: holders.rank, size: holders.size)
    tiles = stripes.flatMap { layout.tiles(ofStripe: $0) }
    rows = (tiles.first?.lowerBound ?? 1)..<(tiles.last?.upperBound ?? 1)
  }

  /// Rows of the whole catalogue, the padding row 0 counted.
  package var catalogueRows: Int { layout.rows }
}
