/// Sessions of a file as rows of a catalogue that exists already: what predictions are asked for.
public struct TranslatedSessions: Sendable {
  /// The sessions in the file's order, so that results can be written row by row. A session of whose items
  /// none is known has no clicks; unknown answers are 0.
  public let table: SessionTable
  /// Clicks left out, because the catalogue does not have the item or `isKnown` refused it.
  public let unknownClicks: Int
  /// Sessions of which nothing is left.
  public let emptySessions: Int
  /// Whether the file has a column of answers.
  public let hasAnswers: Bool

  /// Reads a session file, with or without answers.
  /// - Parameters:
  ///   - defaultLocale: of sessions in files that name none.
  ///   - maxLength: of the known items the last ones that are kept.
  ///   - isKnown: whether a row of the catalogue may be used; training has not seen all of them.
  /// - Throws: `SessionsError` for the first row that cannot be used, as for everything else.
  public static func read(
    path: String, format: SessionFileFormat = .auto, defaultLocale: ShopLocale? = nil,
    catalog: ItemCatalog, maxLength: Int, isKnown: (Int32) -> Bool = { _ in true }
  ) throws -> TranslatedSessions {
    precondition(maxLength >= 1, "sessions of at most \(maxLength) items")
    let reader = try SessionFileReader(path: path, format: format, defaultLocale: defaultLocale)
    var sessions: [[Int32]] = []
    var targets: [Int32] = []
    var locales: [ShopLocale] = []
    var unknownClicks = 0
    reading: while true {
      switch try reader.next() {
      case .end: break reading
      case .bad(let row): throw SessionsError.badRow(row)
      case .session:
        let known = reader.items.compactMap { catalog.row(of: $0) }.filter(isKnown)
        unknownClicks += reader.items.count - known.count
        sessions.append(Array(known.suffix(maxLength)))
        targets.append(reader.answer.flatMap { catalog.row(of: $0) } ?? 0)
        locales.append(reader.locale)
      }
    }
    return TranslatedSessions(
      table: SessionTable(sessions: sessions, targets: targets, locales: locales),
      unknownClicks: unknownClicks, emptySessions: sessions.count { $0.isEmpty },
      hasAnswers: reader.hasAnswers)
  }
}
