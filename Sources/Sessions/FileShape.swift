import Text

/// What the first row of a file shows: how it is cut into columns, and what they are for.
struct FileShape: Equatable {
  enum Kind: String, Codable {
    /// A click a row.
    case clicks
    /// A session a row.
    case sessions
  }

  let path: String
  let separator: String
  let hasHeader: Bool
  /// Whether the columns' names have RecBole's types; its lists are ids with blanks between, and nothing else.
  let isTyped: Bool
  /// The columns' names, in a file without a header their numbers.
  let names: [String]
  let kind: Kind
  /// Which column has which role.
  let columns: [ColumnRole: Int]

  /// Looks at a file's first row, which stays the reader's present one: a header, unless columns are chosen by number.
  /// - Throws: `SessionsError` where the file is empty, or its columns are not those of clicks or sessions.
  init(of rows: DelimitedRowReader, _ choice: ColumnChoice, format: SessionFileFormat) throws {
    try self.init(FileHeader(of: rows, format, isNumbered: choice.isByNumber), rows, choice)
  }

  /// - Parameter header: of the file, at whose first row the reader is.
  init(_ header: FileHeader, _ rows: DelimitedRowReader, _ choice: ColumnChoice) throws {
    path = rows.path
    separator = rows.separatorName
    hasHeader = !header.isNumbered
    isTyped = header.isTyped
    names = header.names
    var columns: [ColumnRole: Int] = [:]
    for (role, name) in choice.columns { columns[role] = try header.index(ofChosen: name) }
    for (role, column) in columns where columns.contains(where: { $0.key != role && $0.value == column }) {
      throw SessionsError.invalidOption(
        name: "--columns", reason: "takes the column \(choice.columns[role]!) for two things")
    }
    for role in ColumnRole.allCases where hasHeader && columns[role] == nil {
      columns[role] = role.column(in: names)
    }
    if columns[.items] != nil {
      kind = .sessions
      // RecBole calls the answer item_id.
      if columns[.answer] == nil { columns[.answer] = columns[.item] }
    } else if columns[.session] != nil, columns[.item] != nil {
      kind = .clicks
      let days = ["eventdate", "date"]
      let hasDaysOnly = columns[.time].map { days.contains(ColumnRole.plain(header.names[$0])) } ?? false
      // Beside a full time, what a session's age is called may be anything.
      if columns[.time] != nil, !hasDaysOnly, choice.columns[.elapsed] == nil { columns[.elapsed] = nil }
    } else {
      throw header.noSessions(columns)
    }
    let roles = Self.roles(of: kind)
    self.columns = columns.filter { roles.contains($0.key) }
  }

  static func roles(of kind: Kind) -> [ColumnRole] {
    kind == .clicks ? [.session, .item, .event, .locale, .elapsed, .time] : [.session, .items, .answer, .locale]
  }

  /// Whether rows are put together by who clicked, as far as the column's name tells, and not by the visit.
  var isByVisitor: Bool {
    guard kind == .clicks, hasHeader, let session = columns[.session] else { return false }
    let name = ColumnRole.plain(names[session])
    return !name.contains("session") && ["visitor", "user", "customer", "client"].contains { name.hasPrefix($0) }
  }

  /// Such as `a click a row, tabs between columns: session SessionId, item ItemId, time Time`.
  var description: String {
    let named = Self.roles(of: kind).compactMap { role in
      columns[role].map { "\(role.rawValue) \(hasHeader ? printable(names[$0], limit: 40) : "column \(names[$0])")" }
    }
    let what = kind == .clicks ? "a click a row" : "a session a row"
    return "\(what), \(separator) between columns\(hasHeader ? "" : ", no header"): \(named.joined(separator: ", "))"
  }
}
