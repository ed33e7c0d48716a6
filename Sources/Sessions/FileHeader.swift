import Text

/// The first row of a session file: the names of its columns.
struct FileHeader {
  let path: String
  let names: [String]
  /// Whether the names carried RecBole's types, as in item_id:token, which are cut off.
  let isTyped: Bool
  /// Whether it is none: the first row is data, and the names are numbers.
  let isNumbered: Bool

  /// Reads the first row.
  /// - Parameters:
  ///   - format: whether names carry types; found out where it is `auto`.
  ///   - isNumbered: whether columns are told by their numbers: the row is data then, unless one of its fields is a name
  ///     that columns have.
  init(of rows: DelimitedRowReader, _ format: SessionFileFormat = .auto, isNumbered: Bool = false) throws {
    path = rows.path
    guard try rows.next() else { throw SessionsError.emptyFile(path: path) }
    if let defect = rows.defect {
      throw SessionsError.badRow(
        BadRow(path: path, line: rows.line, text: rows.text.shortened, defect: defect))
    }
    let fields = rows.fields.map(\.trimmed.string)
    self.isNumbered = isNumbered && !fields.contains { ColumnRole.isName($0) }
    if self.isNumbered {
      names = rows.fields.indices.map { "\($0 + 1)" }
      isTyped = false
      return
    }
    isTyped = format == .inter || format == .auto && fields.contains { $0.hasTypeOfRecBole }
    if isTyped, rows.separatorName == "tabs" { rows.allowsQuotes = false }
    if isTyped, let untyped = fields.first(where: { !$0.contains(":") }) {
      throw SessionsError.badHeader(
        path: path, reason: "the column '\(printable(untyped, limit: 40))' has no type, RecBole writes item_id:token")
    }
    names = isTyped ? fields.map { String($0.prefix { $0 != ":" }) } : fields
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw SessionsError.duplicateColumn(path: path, column: printable(name, limit: 40))
    }
  }

  /// The column that somebody names, or numbers from 1.
  func index(ofChosen column: String) throws -> Int {
    if let index = names.firstIndex(of: column) { return index }
    if let number = Int(column), names.indices.contains(number - 1) { return number - 1 }
    throw missing(column)
  }

  /// Neither a click log nor a session file: what to say, as far as names tell it.
  func noSessions(_ known: [ColumnRole: Int]) -> SessionsError {
    if names.count == 1 { return .oneColumn(path: path, found: shownNames[0]) }
    // A date, a number or nothing for a name: a header that is none.
    let isData = names.contains { name in
      name.isEmpty || Double(name) != nil || name.utf8.first.map { $0 &- UInt8(ascii: "0") < 10 } ?? false
    }
    // Which column is which is not guessed: what is copied must not be wrong.
    let missing = [ColumnRole.session, .item].filter { known[$0] == nil }
    let parts = (missing + (known[.time] == nil ? [.time] : [])).map { "\($0.rawValue)=…" }
    return .unknownColumns(
      path: path, found: shownNames, isData: isData, missing: missing.map(\.rawValue),
      suggestion: isData ? "session=1,item=2,time=3" : parts.joined(separator: ","))
  }

  func indexIfPresent(of name: String) -> Int? { names.firstIndex(of: name) }

  func index(of name: String) throws -> Int {
    guard let index = indexIfPresent(of: name) else { throw missing(name) }
    return index
  }

  func missing(_ name: String) -> SessionsError {
    .missingColumn(path: path, column: name, found: shownNames)
  }

  private var shownNames: [String] {
    names.prefix(6).map { printable($0, limit: 40) } + (names.count > 6 ? ["…"] : [])
  }
}

extension String {
  /// Whether it ends as the names of RecBole's columns do.
  fileprivate var hasTypeOfRecBole: Bool {
    [":token", ":token_seq", ":float", ":float_seq"].contains { hasSuffix($0) }
  }
}
