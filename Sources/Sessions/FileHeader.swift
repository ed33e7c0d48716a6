import Text

/// The first row of a session file: the names of its columns.
struct FileHeader {
  let path: String
  let names: [String]

  /// Reads the header.
  /// - Parameter isTyped: whether names carry a type, as in RecBole's `item_id:token`; it is cut off.
  init(of rows: DelimitedRowReader, isTyped: Bool) throws {
    path = rows.path
    guard try rows.next() else { throw SessionsError.emptyFile(path: path) }
    if let defect = rows.defect {
      throw SessionsError.badRow(
        BadRow(path: path, line: rows.line, text: rows.text.shortened, defect: defect))
    }
    let fields = rows.fields.map(\.trimmed.string)
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

  func indexIfPresent(of name: String) -> Int? { names.firstIndex(of: name) }

  /// The column that tells which rows are of one session: the session's own, else the user's, whose rows stay together
  /// as well.
  var indexOfSessionID: Int? {
    let plain = names.map { $0.lowercased().filter { $0 != "_" } }
    return ["sessionid", "session", "userid"].lazy.compactMap { plain.firstIndex(of: $0) }.first
  }

  func index(of name: String) throws -> Int {
    guard let index = indexIfPresent(of: name) else { throw missing(name) }
    return index
  }

  func missing(_ name: String) -> SessionsError {
    let shown = names.prefix(6).map { printable($0, limit: 40) }
    return .missingColumn(path: path, column: name, found: shown + (names.count > 6 ? ["…"] : []))
  }
}
