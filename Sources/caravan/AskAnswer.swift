import Evaluation
import Foundation
import Sessions
import Text

/// What `ask` shows: the products, and why.
struct AskAnswer: Encodable {
  /// The clicks that counted, oldest first.
  let session: [String]
  /// Clicks that were left out.
  let unknown: [String]
  let locale: String?
  let model: String
  /// The best first.
  private(set) var products: [Product]

  struct Product: Encodable {
    let id: String
    let score: Float
    /// The clicks that stand in training sessions with it.
    let seenWith: [Reason]
    var title: String?
    var price: String?
    var brand: String?

    enum CodingKeys: String, CodingKey { case id, score, seenWith = "seen_with", title, price, brand }
  }

  struct Reason: Encodable {
    let id: String
    let sessions: Int
  }

  init(
    _ asked: AskedSession, model: String, locale: String?, items: [Int32], scores: [Float], _ dataset: PreparedDataset
  ) {
    let id = dataset.itemIDs.id(of:)
    session = asked.known.map(id)
    unknown = asked.unknown
    self.locale = locale
    self.model = model
    let shared = dataset.split(.train).map { SharedSessions(of: items, with: asked.known, in: $0) }
    products = zip(items, scores).map { item, score in
      let reasons = shared?.reasons(for: item) ?? []
      return Product(
        id: id(item), score: score, seenWith: reasons.map { Reason(id: id($0.click), sessions: $0.sessions) })
    }
  }

  /// Adds what a file of products tells.
  /// - Throws: `SessionsError`.
  mutating func describe(from path: String) throws {
    let file = try ProductFile(path: path, ids: Set(products.map(\.id)), locale: locale)
    for place in products.indices {
      guard let found = file.products[products[place].id] else { continue }
      (products[place].title, products[place].price, products[place].brand) = (found.title, found.price, found.brand)
    }
    if file.badRows > 0 { note("\(file.badRows) rows of \(path) cannot be read, and were passed over") }
    if file.products.isEmpty, !products.isEmpty { note("\(path) has none of these products") }
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }

  /// A line a product, and one below it for what it is.
  var text: String {
    let places = products.indices.map { "\($0 + 1)" }, values = products.map { Double($0.score).formatted(digits: 4) }
    let widths = [places, products.map { printable($0.id) }, values].map { $0.map(\.count).max() ?? 0 }
    var text =
      "\(model) after \(session.map { printable($0) }.joined(separator: ", "))"
      + (locale.map { " in \(printable($0))" } ?? "") + "\n\n"
    for (place, product) in products.enumerated() {
      let id = printable(product.id)
      let cells = [
        places[place].padded(left: widths[0]), id + String(repeating: " ", count: widths[1] - id.count),
        values[place].padded(left: widths[2]),
      ]
      text += cells.joined(separator: "  ") + "  " + reasons(of: product) + "\n"
      let facts = [product.title, product.price, product.brand].compactMap { $0 }.map { printable($0, limit: 70) }
      if !facts.isEmpty { text += String(repeating: " ", count: widths[0] + 2) + facts.joined(separator: " · ") + "\n" }
    }
    return text
  }

  private func reasons(of product: Product) -> String {
    if session.contains(product.id) { return "clicked already, --filter-seen leaves it out" }
    if product.seenWith.isEmpty { return "never seen with these clicks" }
    let shown = product.seenWith.prefix(3).map { "\($0.sessions)× with \(printable($0.id))" }.joined(separator: ", ")
    return "seen " + shown + (product.seenWith.count > 3 ? " and \(product.seenWith.count - 3) more" : "")
  }
}

extension String {
  fileprivate func padded(left width: Int) -> String { String(repeating: " ", count: width - count) + self }
}
