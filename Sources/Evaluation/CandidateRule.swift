import Sessions

/// Which items a session's target is ranked among.
public enum CandidateRule: Equatable, Sendable, CustomStringConvertible {
  /// The whole catalogue.
  case all
  /// The items seen in the session's own locale; the whole catalogue for a session that has none.
  case locale
  /// The items seen in any of these locales, by their names.
  case locales([String])

  /// Parses `all`, `locale`, or a list of locales such as `ES,FR,IT`.
  /// - Throws: `EvaluationError.unknownCandidates`.
  public init(parsing text: String) throws(EvaluationError) {
    switch text.lowercased() {
    case "all": self = .all
    case "locale": self = .locale
    default:
      guard let locales = LocaleName.parse(list: text) else { throw .unknownCandidates(text) }
      self = .locales(locales)
    }
  }

  public var description: String {
    switch self {
    case .all: "all"
    case .locale: "locale"
    case .locales(let locales): locales.joined(separator: ",")
    }
  }

  /// The rule as a data set with these locales has it: under their own names, and all items where there is no locale.
  /// - Throws: `SessionsError.unknownLocale`, `.ambiguousLocale`.
  package func resolved(among names: LocaleNames) throws(SessionsError) -> CandidateRule {
    switch self {
    case .all: .all
    case .locale: names.isEmpty ? .all : .locale
    case .locales(let locales): .locales(try names.canonical(locales))
    }
  }
}
