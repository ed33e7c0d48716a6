/// What a shop tells of a product.
package struct ProductDescription: Equatable, Sendable {
  package let title: String
  /// As the file has it, in the currency of its locale; nil where it has none.
  package let price: String?
  package let brand: String?
}

/// A file of products, a row each: KDD Cup 2023's `products_train.csv`, whose columns are id, locale, title, price, brand
/// and others, or any other with `id` and `title` in its header.
package struct ProductFile: Sendable {
  /// Those that were asked for and found, by their ids.
  package let products: [String: ProductDescription]
  /// Rows that cannot be read, and were passed over.
  package let badRows: Int

  /// What the competition's files have for a price that is not known.
  private static let noPrice = "40000000.07"

  /// Reads the file once, and keeps no row but those asked for.
  /// - Parameters:
  ///   - ids: of the products that are wanted.
  ///   - locale: whose row is taken where several have the product; without one, or where it has none, the first row.
  /// - Throws: `SessionsError` where the file cannot be read, or lacks a column.
  package init(path: String, ids: Set<String>, locale: String?) throws {
    let rows = try DelimitedRowReader(path: path)
    let header = try FileHeader(of: rows)
    let columns = (id: try header.index(of: "id"), title: try header.index(of: "title"))
    let further = ["price", "brand", "locale"].map(header.indexIfPresent)
    var products: [String: ProductDescription] = [:], own: Set<String> = [], badRows = 0
    while try rows.next() {
      guard rows.defect == nil, rows.fields.count == header.names.count else {
        badRows += 1
        continue
      }
      let id = rows.fields[columns.id].trimmed.string
      guard ids.contains(id), !own.contains(id) else { continue }
      func text(_ column: Int?) -> String? {
        column.map { rows.fields[$0].trimmed.string }.flatMap { $0.isEmpty ? nil : $0 }
      }
      let isOwn = locale == nil || text(further[2]) == locale
      if isOwn { own.insert(id) }
      if !isOwn, products[id] != nil { continue }
      products[id] = ProductDescription(
        title: text(columns.title) ?? "", price: text(further[0]).flatMap { $0 == Self.noPrice ? nil : $0 },
        brand: text(further[1]))
    }
    self.products = products
    self.badRows = badRows
  }
}
