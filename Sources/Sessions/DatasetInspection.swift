import Foundation

/// What a prepared data set holds, locale by locale: sessions, their lengths, products, and the products that locales
/// have in common.
///
/// As JSON: `{"items": 7, "fingerprint": "…", "locales": {"ES": {"sessions": {"train": 5, …}, "products": 3,
/// "shared_products": 1, "lengths": {"mean": 2.5, "median": 2, "p95": 4, "max": 5}}, …}, "all": {…},
/// "overlap": {"ES": {"ES": 3, "FR": 1}, …}}`. Without locales there is nothing about them.
package struct DatasetInspection: Encodable, Equatable, Sendable {
  /// Sessions and products of a locale, or of all.
  package struct Part: Encodable, Equatable, Sendable {
    /// By the split's name.
    package let sessions: [String: Int]
    /// Products seen in any session of any split, answers included.
    package let products: Int
    /// Those of them that were seen in another locale as well; nil where there are no locales.
    package let sharedProducts: Int?
    /// nil without sessions.
    package let lengths: SessionLengths?

    enum CodingKeys: String, CodingKey {
      case sessions, products, lengths
      case sharedProducts = "shared_products"
    }
  }

  /// Products, padding not counted.
  package let items: Int
  package let fingerprint: String
  /// How its click logs were read; nil where it is of session files.
  package let log: ClickLogReading?
  /// The splits that the data set has, in the order train, valid, test.
  package let splits: [DatasetSplit]
  /// By the locale's name; those with neither sessions nor products are left out. nil where there are none.
  package let locales: [String: Part]?
  package let all: Part
  /// How many products two locales have in common, by the names of both; of a locale with itself, all its products. Of
  /// many locales it has the largest alone: see `largestLines`.
  package let overlap: [String: [String: Int]]?
  /// The locales in the order in which they are shown, and those of them that have the most sessions.
  package let names: [String]
  package let largestNames: [String]

  enum CodingKeys: String, CodingKey {
    case items, fingerprint, log, locales, all, overlap
  }

  /// Counts; reads every session once.
  package init(_ dataset: PreparedDataset) {
    items = dataset.itemCount
    fingerprint = dataset.fingerprint
    log = dataset.manifest.options.log
    let tables = DatasetSplit.allCases.compactMap { split in dataset.split(split).map { (split, $0) } }
    splits = tables.map(\.0)
    let locales = dataset.locales, products = dataset.candidates
    let lengths = LengthCounts.byLocale(of: tables.map(\.1), locales)
    let codes = (0..<locales.count).map { UInt16($0) }
      .filter { lengths[Int($0)].total > 0 || products.itemCount(in: $0) > 0 }

    let counts = tables.map { ($0.rawValue, $1.sessionCounts(of: locales)) }
    let shops = ShopCounts(products, locales)
    let parts = codes.map { code in
      let sessions = counts.map { ($0, $1[Int(code)]) }
      let part = Part(
        sessions: Dictionary(uniqueKeysWithValues: sessions), products: products.itemCount(in: code),
        sharedProducts: shops.countShared(in: code), lengths: SessionLengths(lengths[Int(code)]))
      return (locales.names[Int(code)], part)
    }
    let largest = largestLines(codes.map { lengths[Int($0)].total }).shown.map { codes[$0] }
    let common = CommonProducts(products, largest)
    let overlap = largest.map { one in
      let row = largest.map { other in (locales.names[Int(other)], common.count(in: [one, other])) }
      return (locales.names[Int(one)], Dictionary(uniqueKeysWithValues: row))
    }
    all = Part(
      sessions: Dictionary(uniqueKeysWithValues: tables.map { ($0.rawValue, $1.count) }), products: shops.countSeen,
      sharedProducts: locales.isEmpty ? nil : shops.countShared,
      lengths: SessionLengths(lengths.reduce(LengthCounts(), +)))
    self.locales = locales.isEmpty ? nil : Dictionary(uniqueKeysWithValues: parts)
    self.overlap = locales.isEmpty ? nil : Dictionary(uniqueKeysWithValues: overlap)
    names = parts.map(\.0)
    largestNames = overlap.map(\.0)
  }

  /// The JSON, with sorted keys and a line break at its end.
  package func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self) + Data("\n".utf8)
  }
}

/// How long sessions are, in clicks, answers not counted.
package struct SessionLengths: Encodable, Equatable, Sendable {
  package let mean: Double
  /// The smallest length that at least half, and 95 %, of the sessions do not exceed.
  package let median: Int
  package let percentile95: Int
  package let longest: Int

  enum CodingKeys: String, CodingKey {
    case mean, median
    case percentile95 = "p95"
    case longest = "max"
  }

  /// nil for no sessions.
  init?(_ counts: LengthCounts) {
    guard counts.total > 0 else { return nil }
    mean = Double(counts.clicks) / Double(counts.total)
    median = counts.percentile(50)
    percentile95 = counts.percentile(95)
    longest = counts.percentile(100)
  }
}

/// How many sessions there are of each length.
struct LengthCounts {
  /// By the length.
  private var counts: [Int] = []

  var total: Int { counts.reduce(0, +) }
  var clicks: Int { counts.enumerated().reduce(0) { $0 + $1.offset * $1.element } }

  /// The smallest length that at least `percent` of all sessions do not exceed ("nearest rank").
  /// - Precondition: there are sessions.
  func percentile(_ percent: Int) -> Int {
    let needed = (total * percent + 99) / 100
    var passed = 0
    for (length, count) in counts.enumerated() {
      passed += count
      if passed >= needed { return length }
    }
    preconditionFailure("\(percent) % of \(total) sessions")
  }

  mutating func add(_ length: Int, times: Int = 1) {
    if counts.count <= length { counts += [Int](repeating: 0, count: length + 1 - counts.count) }
    counts[length] += times
  }

  static func + (left: LengthCounts, right: LengthCounts) -> LengthCounts {
    var sum = left
    for (length, count) in right.counts.enumerated() { sum.add(length, times: count) }
    return sum
  }

  /// The sessions of all tables, by the code of their locale; those without one behind the last.
  static func byLocale(of tables: [SessionTable], _ locales: LocaleNames) -> [LengthCounts] {
    var counts = (0...locales.count).map { _ in LengthCounts() }
    for table in tables {
      for session in 0..<table.count {
        counts[min(Int(table.locales[session]), locales.count)].add(table.range(of: session).count)
      }
    }
    return counts
  }
}
