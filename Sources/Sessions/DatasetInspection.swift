import Foundation

/// What a prepared data set holds, locale by locale: sessions, their lengths, products, and the products that locales
/// have in common.
///
/// As JSON: `{"items": 7, "fingerprint": "…", "locales": {"ES": {"sessions": {"train": 5, …}, "products": 3,
/// "shared_products": 1, "lengths": {"mean": 2.5, "median": 2, "p95": 4, "max": 5}}, …}, "all": {…},
/// "overlap": {"ES": {"ES": 3, "FR": 1}, …}}`.
public struct DatasetInspection: Encodable, Equatable, Sendable {
  /// Sessions and products of a locale, or of all.
  public struct Part: Encodable, Equatable, Sendable {
    /// By the split's name.
    public let sessions: [String: Int]
    /// Products seen in any session of any split, answers included.
    public let products: Int
    /// Those of them that were seen in another locale as well.
    public let sharedProducts: Int
    /// nil without sessions.
    public let lengths: SessionLengths?

    enum CodingKeys: String, CodingKey {
      case sessions, products, lengths
      case sharedProducts = "shared_products"
    }
  }

  /// Products, padding not counted.
  public let items: Int
  public let fingerprint: String
  /// The splits that the data set has, in the order train, valid, test.
  public let splits: [DatasetSplit]
  /// By the locale's name; those with neither sessions nor products are left out.
  public let locales: [String: Part]
  public let all: Part
  /// How many products two locales have in common, by the names of both; of a locale with itself, all its products.
  public let overlap: [String: [String: Int]]

  enum CodingKeys: String, CodingKey {
    case items, fingerprint, locales, all, overlap
  }

  /// Counts; reads every session once.
  public init(_ dataset: PreparedDataset) {
    items = dataset.itemCount
    fingerprint = dataset.fingerprint
    let tables = DatasetSplit.allCases.compactMap { split in dataset.split(split).map { (split, $0) } }
    splits = tables.map(\.0)
    let products = ProductsByMask(dataset.candidates)
    let lengths = LengthCounts.byLocale(of: tables.map(\.1))
    let everywhere = lengths.reduce(LengthCounts(), +)

    let present = ShopLocale.allCases.filter { lengths[Int($0.rawValue)].total > 0 || products.count(in: [$0]) > 0 }
    func sessions(of locale: ShopLocale) -> [String: Int] {
      Dictionary(
        uniqueKeysWithValues: tables.map { ($0.rawValue, $1.sessionCountsByLocale()[Int(locale.rawValue)]) })
    }
    locales = Dictionary(
      uniqueKeysWithValues: present.map { locale in
        let part = Part(
          sessions: sessions(of: locale), products: products.count(in: [locale]),
          sharedProducts: products.countShared(in: locale), lengths: SessionLengths(lengths[Int(locale.rawValue)]))
        return (locale.name, part)
      })
    all = Part(
      sessions: Dictionary(uniqueKeysWithValues: tables.map { ($0.rawValue, $1.count) }), products: products.countAll,
      sharedProducts: products.countShared, lengths: SessionLengths(everywhere))
    overlap = Dictionary(
      uniqueKeysWithValues: present.map { one in
        let row = present.map { other in (other.name, products.count(in: [one, other])) }
        return (one.name, Dictionary(uniqueKeysWithValues: row))
      })
  }

  /// The JSON, with sorted keys and a line break at its end.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self) + Data("\n".utf8)
  }
}

/// How long sessions are, in clicks, answers not counted.
public struct SessionLengths: Encodable, Equatable, Sendable {
  public let mean: Double
  /// The smallest length that at least half, and 95 %, of the sessions do not exceed.
  public let median: Int
  public let percentile95: Int
  public let longest: Int

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

  /// The sessions of all tables, by the code of their locale.
  static func byLocale(of tables: [SessionTable]) -> [LengthCounts] {
    var counts = ShopLocale.allCases.map { _ in LengthCounts() }
    for table in tables {
      for session in 0..<table.count { counts[Int(table.locales[session])].add(table.range(of: session).count) }
    }
    return counts
  }
}

/// How many products there are of each set of locales in which they were seen.
private struct ProductsByMask {
  /// By the set's bits: see `ShopLocale.mask`.
  private var counts = [Int](repeating: 0, count: 256)

  init(_ candidates: CandidateTable) {
    for mask in candidates.localeMask.dropFirst() { counts[Int(mask)] += 1 }
  }

  var countAll: Int { count { $0 != 0 } }
  var countShared: Int { count { $0.nonzeroBitCount > 1 } }

  /// Products seen in every one of the locales.
  func count(in locales: Set<ShopLocale>) -> Int { count { $0 & locales.mask == locales.mask } }

  /// Products seen in the locale and in another.
  func countShared(in locale: ShopLocale) -> Int { count { $0 & locale.mask != 0 && $0.nonzeroBitCount > 1 } }

  private func count(where holds: (UInt8) -> Bool) -> Int {
    counts.enumerated().reduce(0) { holds(UInt8($1.offset)) ? $0 + $1.element : $0 }
  }
}
