import Sessions

/// Which items are candidates of sessions of a few locales, as bits: an item is one where both share a bit.
package struct Candidates: Sendable {
  /// `[items + 1]`: a bit a locale in which the row was seen, and `everywhere`; 0 for row 0.
  package let membership: [UInt8]
  /// The bits of sessions by the code of their locale.
  private let bits: [UInt16: UInt8]
  /// The bits of all other sessions.
  private let otherBits: UInt8

  /// As many locales as have a bit of their own.
  static let mostLocales = 7
  /// A bit that every item has.
  private static let everywhere: UInt8 = 1 << 7

  /// All items for every session.
  init(rows: Int) { self.init(rows: rows, bits: [:], otherBits: Self.everywhere) { _ in } }

  /// The same items for every session.
  init(rows: Int, items: [Int32]) {
    self.init(rows: rows, bits: [:], otherBits: 1) { membership in for item in items { membership[Int(item)] |= 1 } }
  }

  /// For sessions of these locales what was seen there, for others all items.
  init(_ products: CandidateTable, locales: some Collection<UInt16>) {
    precondition(locales.count <= Self.mostLocales, "\(locales.count) locales have no bits of their own")
    let bits = Dictionary(uniqueKeysWithValues: locales.enumerated().map { ($1, UInt8(1) << UInt8($0)) })
    self.init(rows: products.rows, bits: bits, otherBits: Self.everywhere) { membership in
      for (code, bit) in bits { for (item, _) in products.seen(in: code) { membership[Int(item)] |= bit } }
    }
  }

  private init(rows: Int, bits: [UInt16: UInt8], otherBits: UInt8, mark: (inout [UInt8]) -> Void) {
    var membership = [UInt8](repeating: Self.everywhere, count: rows)
    mark(&membership)
    membership[0] = 0
    self.membership = membership
    self.bits = bits
    self.otherBits = otherBits
  }

  /// The bits of the candidates of a session of the locale with this code.
  package func allowed(forLocale code: UInt16) -> Int32 { Int32(bits[code] ?? otherBits) }

  package func contains(_ item: Int32, allowed: Int32) -> Bool { Int32(membership[Int(item)]) & allowed != 0 }
}

/// A rule over a certain catalogue: what turns it into `Candidates` of sessions.
package struct CandidateSets: Sendable {
  private let products: CandidateTable
  private let rule: Rule

  private enum Rule { case all, locale, items([Int32]) }

  /// - Throws: `SessionsError.unknownLocale`, `.ambiguousLocale`; `EvaluationError.noProducts`.
  package init(_ rule: CandidateRule, _ products: CandidateTable, _ names: LocaleNames) throws {
    self.products = products
    switch rule {
    case .all: self.rule = .all
    case .locale: self.rule = .locale
    case .locales(let list):
      let codes = try names.codes(of: list) ?? []
      let missing = codes.filter { products.itemCount(in: $0) == 0 }.sorted()
      if !missing.isEmpty { throw EvaluationError.noProducts(locales: missing.compactMap(names.name(of:))) }
      self.rule = .items(products.items(in: codes))
    }
  }

  /// Rows of the catalogue, the padding row counted.
  package var rows: Int { products.rows }

  /// Divides sessions into groups whose candidates fit a byte; one group unless they are by locale, and of many.
  ///
  /// A session's candidates do not depend on the others of its group. A locale in which nothing was seen is none.
  /// - Parameters:
  ///   - codes: of each session's locale.
  ///   - body: called with each group's candidates and the places of its sessions, rising.
  package func forEachGroup(
    of codes: [UInt16], _ body: (_ candidates: Candidates, _ places: [Int]) throws -> Void
  ) rethrows {
    switch rule {
    case .all: try body(Candidates(rows: rows), Array(codes.indices))
    case .items(let items): try body(Candidates(rows: rows, items: items), Array(codes.indices))
    case .locale:
      let locales = Set(codes).filter { products.itemCount(in: $0) > 0 }.sorted()
      let groups = stride(from: 0, to: max(locales.count, 1), by: Candidates.mostLocales).map { first in
        locales[first..<min(first + Candidates.mostLocales, locales.count)]
      }
      for (group, places) in zip(groups, Self.places(of: codes, in: groups)) {
        try body(Candidates(products, locales: group), places)
      }
    }
  }

  /// The places of each group's sessions; those of no group go with the first.
  private static func places(of codes: [UInt16], in groups: [ArraySlice<UInt16>]) -> [[Int]] {
    if groups.count == 1 { return [Array(codes.indices)] }
    var groupOfLocale: [UInt16: Int] = [:]
    for (group, locales) in groups.enumerated() { for code in locales { groupOfLocale[code] = group } }
    var places = [[Int]](repeating: [], count: groups.count)
    for (place, code) in codes.enumerated() { places[groupOfLocale[code] ?? 0].append(place) }
    return places
  }
}
