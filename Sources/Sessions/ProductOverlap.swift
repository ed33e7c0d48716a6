/// In how many locales each product was seen.
struct ShopCounts {
  private let products: CandidateTable
  /// `[V + 1]`.
  private var shops: [UInt16]
  private var isSeen: [Bool]

  init(_ products: CandidateTable, _ locales: LocaleNames) {
    self.products = products
    shops = [UInt16](repeating: 0, count: products.rows)
    isSeen = [Bool](repeating: false, count: products.rows)
    for code in 0..<locales.count { for (item, _) in products.seen(in: UInt16(code)) { shops[Int(item)] += 1 } }
    for (item, _) in products.seen(in: LocaleNames.none) { isSeen[Int(item)] = true }
  }

  /// Products seen in any session.
  var countSeen: Int { zip(shops, isSeen).count { $0 > 0 || $1 } }
  /// Products seen in several locales.
  var countShared: Int { shops.count { $0 > 1 } }

  /// Products seen in the locale and in another.
  func countShared(in code: UInt16) -> Int { products.seen(in: code).count { shops[Int($0.item)] > 1 } }
}

/// How many products there are of each set of a few locales in which they were seen.
struct CommonProducts {
  private let locales: [UInt16]
  /// By the set: a bit a locale.
  private var counts: [Int]

  init(_ products: CandidateTable, _ locales: [UInt16]) {
    self.locales = locales
    counts = [Int](repeating: 0, count: 1 << locales.count)
    var sets = [UInt16](repeating: 0, count: products.rows)
    for (bit, code) in locales.enumerated() {
      for (item, _) in products.seen(in: code) { sets[Int(item)] |= 1 << UInt16(bit) }
    }
    for set in sets { counts[Int(set)] += 1 }
  }

  /// Products seen in every one of some of the locales.
  func count(in codes: Set<UInt16>) -> Int {
    let bits = locales.enumerated().reduce(0) { codes.contains($1.element) ? $0 | 1 << $1.offset : $0 }
    return counts.indices.reduce(0) { $1 & bits == bits ? $0 + counts[$1] : $0 }
  }
}
