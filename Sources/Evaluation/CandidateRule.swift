import Sessions

/// Which items a session's target is ranked among.
public enum CandidateRule: Equatable, Sendable, CustomStringConvertible {
  /// The whole catalogue.
  case all
  /// The items seen in the session's own locale.
  case locale
  /// The items seen in any of these locales.
  case locales(Set<ShopLocale>)

  /// Parses `all`, `locale`, or a list of locales such as `ES,FR,IT`.
  /// - Throws: `EvaluationError.unknownCandidates`.
  public init(parsing text: String) throws(EvaluationError) {
    switch text.lowercased() {
    case "all": self = .all
    case "locale": self = .locale
    default:
      guard let locales = try? ShopLocale.parse(list: text) else { throw .unknownCandidates(text) }
      self = .locales(locales)
    }
  }

  public var description: String {
    switch self {
    case .all: "all"
    case .locale: "locale"
    case .locales(let locales): locales.inOrder.map(\.name).joined(separator: ",")
    }
  }
}

/// A rule over a certain catalogue, as bits: an item is a candidate of a session where both share one.
package struct Candidates: Sendable {
  /// `[items + 1]`: the locales in which each row was seen, and `everywhere`; 0 for row 0.
  package let membership: [UInt8]
  private let rule: CandidateRule
  /// A bit that no locale has, set for every item.
  private static let everywhere: UInt8 = 1 << 7

  /// - Parameter localeMask: `[items + 1]`, see `CandidateTable.localeMask`.
  package init(_ rule: CandidateRule, localeMask: some Collection<UInt8>) {
    self.rule = rule
    var membership = localeMask.map { $0 | Self.everywhere }
    if !membership.isEmpty { membership[0] = 0 }
    self.membership = membership
  }

  /// The bits of the candidates of a session of the locale with this code.
  package func allowed(forLocale code: UInt8) -> Int32 {
    switch rule {
    case .all: Int32(Self.everywhere)
    case .locale: 1 << Int32(code)
    case .locales(let locales): Int32(locales.mask)
    }
  }

  /// The locales of the rule in which no item was seen; none where the rule names none.
  package var localesWithoutProducts: [ShopLocale] {
    guard case .locales(let locales) = rule else { return [] }
    return locales.inOrder.filter { !hasProducts(in: Int32($0.mask)) }
  }

  /// Whether a session of this locale has candidates, its own items counted.
  package func exist(forLocale code: UInt8) -> Bool { hasProducts(in: allowed(forLocale: code)) }

  private func hasProducts(in bits: Int32) -> Bool { membership.contains { Int32($0) & bits != 0 } }

  package func contains(_ item: Int32, allowed: Int32) -> Bool { Int32(membership[Int(item)]) & allowed != 0 }
}
