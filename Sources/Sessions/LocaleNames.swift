/// The locales of a data set: their names by code. The order of the codes is the order in which they are shown.
///
/// There may be none. Names that only differ in how their letters are composed are one name.
public struct LocaleNames: Equatable, Sendable {
  /// The code of a session that has no locale, or one that the data set does not know.
  public static let none = UInt16.max
  /// As many as there are codes.
  static let most = Int(none)

  /// By code.
  public let names: [String]
  private let codes: [String: UInt16]

  /// - Precondition: no name is there twice, and there are codes for all.
  public init(_ names: [String]) {
    precondition(names.count <= Self.most, "\(names.count) locales")
    self.names = names
    codes = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, UInt16($0)) })
  }

  /// nil where a data set cannot have these names.
  package init?(checking names: [String]) {
    guard names.count <= Self.most, names.allSatisfy({ LocaleName.isValid($0) }), Set(names).count == names.count
    else { return nil }
    self.init(names)
  }

  /// How many locales there are: the codes are 0 ..< `count`.
  public var count: Int { names.count }
  /// Whether the sessions have no locales.
  public var isEmpty: Bool { names.isEmpty }

  /// nil for `none`.
  public func name(of code: UInt16) -> String? { code < names.count ? names[Int(code)] : nil }

  /// The code of exactly this name.
  public func code(of name: String) -> UInt16? { codes[name] }

  /// The code of the locale that an option names: as it is, or else in capital or small letters.
  /// - Throws: `SessionsError.unknownLocale`, `.ambiguousLocale`.
  public func code(matching text: String) throws(SessionsError) -> UInt16 {
    if let code = codes[text] { return code }
    let alike = names.filter { $0.lowercased() == text.lowercased() }
    if alike.count > 1 { throw .ambiguousLocale(text: text, names: alike) }
    guard let name = alike.first, let code = codes[name] else { throw .unknownLocale(text: text, known: names) }
    return code
  }

  /// The locales that an option lists, under their own names and in their own order.
  /// - Throws: see `code(matching:)`.
  public func canonical(_ list: [String]) throws(SessionsError) -> [String] {
    var found: Set<UInt16> = []
    for text in list { found.insert(try code(matching: text)) }
    return found.sorted().map { names[Int($0)] }
  }

  /// The codes of the locales that an option lists; nil where it lists none, which means all sessions.
  /// - Throws: see `code(matching:)`.
  public func codes(of list: [String]) throws(SessionsError) -> Set<UInt16>? {
    if list.isEmpty { return nil }
    var found: Set<UInt16> = []
    for text in list { found.insert(try code(matching: text)) }
    return found
  }
}

/// Which lines of a table are shown: at most twelve, those of the most sessions, in the order of the table.
/// - Parameter sizes: of each line.
/// - Returns: the places of the lines that are shown, and of the others.
package func largestLines(_ sizes: [Int], most: Int = 12) -> (shown: [Int], others: [Int]) {
  // Of equal ones the first: what is printed must not depend on the sort.
  let falling = sizes.indices.sorted { sizes[$0] == sizes[$1] ? $0 < $1 : sizes[$0] > sizes[$1] }
  return (falling.prefix(most).sorted(), falling.dropFirst(most).sorted())
}
