/// A shop of Amazon-M2. The raw value is the code in prepared files.
public enum ShopLocale: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  case uk, de, jp, es, fr, it

  /// The name as the data spells it: two capital letters.
  public var name: String {
    switch self {
    case .uk: "UK"
    case .de: "DE"
    case .jp: "JP"
    case .es: "ES"
    case .fr: "FR"
    case .it: "IT"
    }
  }

  public var description: String { name }

  /// This locale's bit in the item-by-locale mask.
  public var mask: UInt8 { 1 << rawValue }

  /// The locale of that name, in capital or small letters.
  public init?(name: some StringProtocol) {
    guard let locale = Self.allCases.first(where: { $0.name == name.uppercased() }) else { return nil }
    self = locale
  }

  /// Parses a list such as `ES,FR,IT`, separated by commas, blanks or both.
  /// - Throws: `SessionsError.unknownLocale` for the first name that is none; an empty list is one, too.
  public static func parse(list: String) throws -> Set<ShopLocale> {
    var locales: Set<ShopLocale> = []
    for name in list.split(separator: ",", omittingEmptySubsequences: false) {
      let words = name.split(separator: " ")
      if words.isEmpty { throw SessionsError.unknownLocale(text: String(name)) }
      for word in words {
        guard let locale = ShopLocale(name: word) else { throw SessionsError.unknownLocale(text: String(word)) }
        locales.insert(locale)
      }
    }
    return locales
  }

  /// `UK, DE, JP, ES, FR, IT`, for messages.
  static var allNames: String { allCases.map(\.name).joined(separator: ", ") }
}

extension Set<ShopLocale> {
  /// The locales in the order of their codes.
  public var inOrder: [ShopLocale] { ShopLocale.allCases.filter(contains) }

  /// The locales' bits together.
  public var mask: UInt8 { reduce(0) { $0 | $1.mask } }
}
