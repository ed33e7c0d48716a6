/// Sessions of a file as rows of a catalogue that exists already: what predictions are asked for.
public struct TranslatedSessions: Sendable {
  /// The sessions in the file's order, so that results can be written row by row. A session of whose items
  /// none is known has no clicks; unknown answers are 0.
  public let table: SessionTable
  /// Clicks left out, because the catalogue does not have the item or `isKnown` refused it.
  public let unknownClicks: Int
  /// Sessions of which nothing is left, or never was anything.
  public let emptySessions: Int
  /// Whether the file has a column of answers.
  public let hasAnswers: Bool
  /// Rows that cannot be read. They stand in `table` as sessions without clicks, so that no later row moves up.
  public let badRows: [BadRow]
  /// Sessions of bad rows whose locale cannot be read either, rising.
  public let sessionsWithoutLocale: [Int]
  /// Whether the file names locales, or a default was given.
  public let hasLocales: Bool
  /// The names that the file has, and which of them each session has: its place, or -1 for none.
  private let localeNames: [String]
  private let localeOfSession: [Int32]
  /// By the place in `localeNames`: whether the data set knows the locale.
  private let isKnownLocale: [Bool]
  /// What was done about zeros in lists.
  public let zeros: ZerosFound?

  /// The ids of a click log's sessions; nil of a session file, whose rows are the sessions.
  public let sessionIDs: [String]?

  /// Reads a session file, with or without answers, or a click log. Sessions without items, and without their answer, are
  /// none the worse for it.
  /// - Parameters:
  ///   - log: how the click logs of the data set were read, which a sibling is read like.
  ///   - columns: what columns are for, where neither their names nor `log` tell.
  ///   - defaultLocale: of sessions in files that name none.
  ///   - locales: of the data set. A session of another is one without a locale in `table`.
  ///   - maxLength: of the known items the last ones that are kept.
  ///   - skipsBadRows: whether a row that cannot be read becomes a session without clicks; nil where nobody can ask for
  ///     that.
  ///   - isKnown: whether a row of the catalogue may be used; training has not seen all of them.
  /// - Throws: `SessionsError` for the first row that cannot be read, unless they are skipped; as for everything else.
  public static func read(
    path: String, format: SessionFileFormat = .auto, log: ClickLogReading? = nil,
    columns: ColumnChoice = ColumnChoice(),
    defaultLocale: String? = nil,
    locales names: LocaleNames = LocaleNames([]), catalog: ItemCatalog, maxLength: Int, zeros: ZeroMeaning = .auto,
    skipsBadRows: Bool? = nil, isKnown: (Int32) -> Bool = { _ in true }
  ) throws -> TranslatedSessions {
    precondition(maxLength >= 1, "sessions of at most \(maxLength) items")
    // The catalogue tells what 0 is: an item that it has, or nothing that a model could know.
    let meaning = zeros == .auto ? (catalog.row(of: "0") == nil ? .padding : .item) : zeros
    let rows = try DelimitedRowReader(path: path)
    let shape =
      try columns.isEmpty
      ? log?.shape(of: rows, format: format) ?? FileShape(of: rows, columns, format: format)
      : FileShape(of: rows, columns, format: format)
    if shape.kind == .clicks {
      // A sibling without the column of events has been chosen from already.
      let events = shape.columns[.event] == nil ? [] : log?.events ?? []
      let reader = try ClickLogReader(rows, shape, events: events, defaultLocale: defaultLocale)
      return try TranslatedSessions(
        reader, gap: log?.gap, names, catalog, maxLength: maxLength, skipsBadRows: skipsBadRows, isKnown: isKnown)
    }
    let reader = try SessionFileReader.open(
      rows, shape, defaultLocale: defaultLocale, zeros: meaning, allowsGaps: true)
    var sessions: [[Int32]] = []
    var targets: [Int32] = []
    let spellings = Vocabulary()
    var localeNames: [String] = []
    var localeOfSession: [Int32] = []
    var unknownClicks = 0
    var badRows: [BadRow] = []
    var withoutLocale: [Int] = []
    reading: while true {
      switch try reader.next() {
      case .end: break reading
      case .bad(let row):
        if skipsBadRows != true { throw skipsBadRows == nil ? SessionsError.badRow(row) : .unusableRow(row) }
        badRows.append(row)
        if !reader.isLocaleKnown { withoutLocale.append(sessions.count) }
        sessions.append([])
        targets.append(0)
      case .session:
        let known = reader.items.compactMap { catalog.row(of: $0) }.filter(isKnown)
        unknownClicks += reader.items.count - known.count
        sessions.append(Array(known.suffix(maxLength)))
        targets.append(reader.answer.flatMap { catalog.row(of: $0) } ?? 0)
      }
      let place = try reader.locale.map { try spellings.row(of: $0) - 1 } ?? -1
      if let name = reader.locale, Int(place) == localeNames.count { localeNames.append(name.string) }
      localeOfSession.append(place)
    }
    if sessions.isEmpty { throw SessionsError.nothingKept(paths: [path], locales: []) }
    let codes = localeNames.map { names.code(of: $0) }
    return TranslatedSessions(
      table: SessionTable(
        sessions: sessions, targets: targets,
        locales: localeOfSession.map { $0 < 0 ? LocaleNames.none : codes[Int($0)] ?? LocaleNames.none }),
      unknownClicks: unknownClicks, emptySessions: sessions.count { $0.isEmpty } - badRows.count,
      hasAnswers: reader.hasAnswers, badRows: badRows, sessionsWithoutLocale: withoutLocale,
      hasLocales: reader.namesLocales, localeNames: localeNames, localeOfSession: localeOfSession,
      isKnownLocale: codes.map { $0 != nil }, zeros: reader.zerosFound, sessionIDs: nil)
  }

  /// What the file calls a session's locale; nil where it has none.
  public func locale(of session: Int) -> String? {
    let place = localeOfSession[session]
    return place < 0 ? nil : localeNames[Int(place)]
  }

  /// The locales that the data set does not know, in the order of the file, and how many sessions are of them.
  public var unknownLocales: (names: [String], sessions: Int) {
    let names = zip(localeNames, isKnownLocale).filter { !$0.1 }.map(\.0)
    return (names, localeOfSession.count { $0 >= 0 && !isKnownLocale[Int($0)] })
  }
}

extension TranslatedSessions {
  /// Reads a click log, whose sessions are in the order of their first clicks. Bad rows are left out.
  private init(
    _ reader: ClickLogReader, gap: Int64?, _ names: LocaleNames, _ catalog: ItemCatalog, maxLength: Int,
    skipsBadRows: Bool?, isKnown: (Int32) -> Bool
  ) throws {
    let log = ClickLog(), ids = Vocabulary(), numbering = LocaleNumbering(wanted: [])
    var badRows: [BadRow] = []
    reading: while true {
      switch try reader.next() {
      case .end: break reading
      case .bad(let row):
        if skipsBadRows != true { throw skipsBadRows == nil ? SessionsError.badRow(row) : .unusableRow(row) }
        badRows.append(row)
      case .click:
        let locale = try numbering.code(of: reader.locale)
        try log.append(reader, numbering: ids, locale: locale == LocaleNames.none ? nil : locale)
      }
    }
    let (sequences, owners) = log.takeSequences(gap: gap, keepsTimes: false)
    if sequences.count == 0 { throw SessionsError.nothingKept(paths: [reader.shape.path], locales: []) }
    let rows = (0..<Int32(ids.count)).map { row in
      catalog.row(of: ids.text(of: row + 1)).flatMap { isKnown($0) ? $0 : nil }
    }
    let sessions = (0..<sequences.count).map { session in
      sequences[session].compactMap { rows[Int($0) - 1] }
    }
    let codes = numbering.names.map { names.code(of: $0) }
    localeOfSession = sequences.locales.map { $0 == LocaleNames.none ? -1 : Int32($0) }
    table = SessionTable(
      sessions: sessions.map { Array($0.suffix(maxLength)) }, targets: sessions.map { _ in 0 },
      locales: localeOfSession.map { $0 < 0 ? LocaleNames.none : codes[Int($0)] ?? LocaleNames.none })
    unknownClicks = sequences.clickCount - sessions.reduce(0) { $0 + $1.count }
    emptySessions = sessions.count { $0.isEmpty }
    hasAnswers = false
    self.badRows = badRows
    sessionsWithoutLocale = []
    hasLocales = !numbering.names.isEmpty
    localeNames = numbering.names
    isKnownLocale = codes.map { $0 != nil }
    zeros = nil
    sessionIDs = owners.map(log.id(of:))
  }
}
