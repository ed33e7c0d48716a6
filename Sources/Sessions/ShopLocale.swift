/// A shop of Amazon-M2, as `synth` makes them up. The raw value is the code in data sets of version 1.
package enum ShopLocale: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  case uk, de, jp, es, fr, it

  /// The name as the data spells it: two capital letters.
  package var name: String {
    switch self {
    case .uk: "UK"
    case .de: "DE"
    case .jp: "JP"
    case .es: "ES"
    case .fr: "FR"
    case .it: "IT"
    }
  }

  package var description: String { name }

  /// This locale's bit where a byte tells of all of them.
  var mask: UInt8 { 1 << rawValue }

  /// The code in tables of sessions.
  package var code: UInt16 { UInt16(rawValue) }

  /// The locale of that name, in capital or small letters.
  package init?(name: some StringProtocol) {
    guard let locale = Self.allCases.first(where: { $0.name == name.uppercased() }) else { return nil }
    self = locale
  }

  /// Parses a list such as `ES,FR,IT`, separated by commas, blanks or both.
  /// - Throws: `SessionsError.unknownLocale` for the first name that is none; an empty list is one, too.
  package static func parse(list: String) throws -> Set<ShopLocale> {
    var locales: Set<ShopLocale> = []
    for name in list.split(separator: ",", omittingEmptySubsequences: false) {
      let words = name.split(separator: " ")
      if words.isEmpty { throw unknown(name) }
      for word in words {
        guard let locale = ShopLocale(name: word) else { throw unknown(word) }
        locales.insert(locale)
      }
    }
    return locales
  }

  private static func unknown(_ name: some StringProtocol) -> SessionsError {
    .unknownLocale(text: String(name), known: allCases.map(\.name))
  }
}

extension Set<ShopLocale> {
  /// The locales in the order of their codes.
  package var inOrder: [ShopLocale] { ShopLocale.allCases.filter(contains) }
}

extension SessionTable {
  /// A table in memory of sessions of these shops.
  package init(sessions: [[Int32]], targets: [Int32], locales: [ShopLocale]) {
    self.init(sessions: sessions, targets: targets, locales: locales.map(\.code))
  }
}
