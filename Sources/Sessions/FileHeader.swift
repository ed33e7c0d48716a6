import Text

/// The first row of a session file: the names of its columns.
struct FileHeader {
  let path: String
  let names: [String]
  /// Whether the names carried RecBole's types, as in item_id:token, which are cut off.
  let isTyped: Bool

  /// Reads the first row.
  /// - Parameters:
  ///   - format: whether names carry types; found out where it is `auto`.
  ///   - isNumbered: whether it is no header; the columns' names are their numbers then.
  init(of rows: DelimitedRowReader, _ format: SessionFileFormat = .auto, isNumbered: Bool = false) throws {
    path = rows.path
    guard try rows.next() else { throw SessionsError.emptyFile(path: path) }
    if let defect = rows.defect {
      throw SessionsError.badRow(
        BadRow(path: path, line: rows.line, text: rows.text.shortened, defect: defect))
    }
    if isNumbered {
      names = rows.fields.indices.map { "\($0 + 1)" }
      isTyped = false
      return
    }
    let fields = rows.fields.map(\.trimmed.string)
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

  /// Neither a click log nor a session file.
  func noSessions(_ choice: ColumnChoice) -> SessionsError {
    // A date, a number or nothing for a name: a header that is none.
    let isData = names.contains { name in
      name.isEmpty || Double(name) != nil || name.utf8.first.map { $0 &- UInt8(ascii: "0") < 10 } ?? false
    }
    return .unknownColumns(path: path, found: shownNames, isData: isData)
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
