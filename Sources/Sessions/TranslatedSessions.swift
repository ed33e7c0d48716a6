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
  /// Sessions of bad rows whose locale cannot be read either, rising: their locale in `table` has no meaning.
  public let sessionsWithoutLocale: [Int]
  /// What was done about zeros in lists.
  public let zeros: ZerosFound?

  /// Reads a session file, with or without answers. Sessions without items, and without their answer, are none the
  /// worse for it.
  /// - Parameters:
  ///   - defaultLocale: of sessions in files that name none.
  ///   - maxLength: of the known items the last ones that are kept.
  ///   - skipsBadRows: whether a row that cannot be read becomes a session without clicks.
  ///   - isKnown: whether a row of the catalogue may be used; training has not seen all of them.
  /// - Throws: `SessionsError` for the first row that cannot be read, unless they are skipped; as for everything else.
  public static func read(
    path: String, format: SessionFileFormat = .auto, defaultLocale: ShopLocale? = nil,
    catalog: ItemCatalog, maxLength: Int, zeros: ZeroMeaning = .auto, skipsBadRows: Bool = false,
    isKnown: (Int32) -> Bool = { _ in true }
  ) throws -> TranslatedSessions {
    precondition(maxLength >= 1, "sessions of at most \(maxLength) items")
    // The catalogue tells what 0 is: an item that it has, or nothing that a model could know.
    let meaning = zeros == .auto ? (catalog.row(of: "0") == nil ? .padding : .item) : zeros
    let rows = try DelimitedRowReader(path: path)
    let shape = try FileShape(of: rows, ColumnChoice(), format: format)
    let reader = try SessionFileReader.open(
      rows, shape, defaultLocale: defaultLocale, zeros: meaning, allowsGaps: true)
    var sessions: [[Int32]] = []
    var targets: [Int32] = []
    var locales: [ShopLocale] = []
    var unknownClicks = 0
    var badRows: [BadRow] = []
    var withoutLocale: [Int] = []
    var placeholder: ShopLocale?
    reading: while true {
      switch try reader.next() {
      case .end: break reading
      case .bad(let row):
        if !skipsBadRows { throw SessionsError.badRow(row) }
        badRows.append(row)
        if !reader.hasLocale {
          withoutLocale.append(sessions.count)
        } else if placeholder == nil {
          placeholder = reader.locale
        }
        sessions.append([])
        targets.append(0)
        locales.append(reader.locale)
      case .session:
        if placeholder == nil { placeholder = reader.locale }
        let known = reader.items.compactMap { catalog.row(of: $0) }.filter(isKnown)
        unknownClicks += reader.items.count - known.count
        sessions.append(Array(known.suffix(maxLength)))
        targets.append(reader.answer.flatMap { catalog.row(of: $0) } ?? 0)
        locales.append(reader.locale)
      }
    }
    // A row without a locale must not ask for the products of one that the file does not name.
    if let placeholder { for session in withoutLocale { locales[session] = placeholder } }
    if sessions.isEmpty { throw SessionsError.nothingKept(paths: [path], locales: []) }
    return TranslatedSessions(
      table: SessionTable(sessions: sessions, targets: targets, locales: locales),
      unknownClicks: unknownClicks, emptySessions: sessions.count { $0.isEmpty } - badRows.count,
      hasAnswers: reader.hasAnswers, badRows: badRows, sessionsWithoutLocale: withoutLocale, zeros: reader.zerosFound)
  }
}
