/// Reads a click log, a click a row. What it gives is valid until the next row.
final class ClickLogReader {
  enum Outcome {
    case click
    /// A row that cannot be used; reading can go on.
    case bad(BadRow)
    case end
  }

  // As in the window: no checks of overlapping accesses for every row.
  @exclusivity(unchecked) private(set) var session: TextSlice
  @exclusivity(unchecked) private(set) var item: TextSlice
  /// In microseconds; 0 in a file without times.
  @exclusivity(unchecked) private(set) var time: Int64 = 0
  /// The default where the file has none; nil where there is no default.
  @exclusivity(unchecked) private(set) var locale: TextSlice?
  /// Clicks that are none of the events that are kept.
  @exclusivity(unchecked) private(set) var otherEvents = 0
  /// Known once a click was read.
  @exclusivity(unchecked) private(set) var timeFormat: TimeFormat?
  /// Whether the first time, taken for seconds, may have been meant for a date.
  private(set) var looksLikeDate = false

  let shape: FileShape
  private let rows: DelimitedRowReader
  private let sessionColumn: Int
  private let itemColumn: Int
  private let timeColumn: Int?
  private let elapsedColumn: Int?
  private let localeColumn: Int?
  private let eventColumn: Int?
  private let defaultLocale: OwnedText?
  private let events: [[UInt8]]
  /// Whether the present row, of a file without a header, is still to be read.
  @exclusivity(unchecked) private var isAtFirstRow: Bool

  var bytesRead: Int { rows.bytesRead }
  var totalBytes: Int { rows.totalBytes }

  /// - Parameters:
  ///   - rows: at its first row, from which `shape` is.
  ///   - events: the kinds of events that are kept; empty for all.
  ///   - defaultLocale: of clicks in a file without a column for it; nil for none.
  init(_ rows: DelimitedRowReader, _ shape: FileShape, events: [String], defaultLocale: String?) throws {
    precondition(shape.kind == .clicks, "no click log: \(shape)")
    self.rows = rows
    self.shape = shape
    self.events = events.map { Array($0.utf8) }
    sessionColumn = shape.columns[.session]!
    itemColumn = shape.columns[.item]!
    timeColumn = shape.columns[.time]
    elapsedColumn = shape.columns[.elapsed]
    localeColumn = shape.columns[.locale]
    eventColumn = shape.columns[.event]
    self.defaultLocale = defaultLocale.map { OwnedText($0) }
    locale = self.defaultLocale?.slice
    isAtFirstRow = !shape.hasHeader
    session = rows.text
    item = rows.text
    if !events.isEmpty, eventColumn == nil {
      throw SessionsError.missingColumn(path: rows.path, column: "event", found: shape.names)
    }
  }

  /// How the file is read, once it was.
  var description: String { shape.description + (timeFormat.map { " (\($0.rawValue))" } ?? "") }

  var hasTimes: Bool { timeColumn != nil || elapsedColumn != nil }

  /// Goes to the next click that is kept.
  func next() throws -> Outcome {
    while true {
      if isAtFirstRow {
        isAtFirstRow = false
      } else if try !rows.next() {
        return .end
      }
      if let defect = rows.defect { return bad(defect) }
      let fields = rows.fields
      if fields.count != shape.names.count {
        return bad(.fieldCount(expected: shape.names.count, found: fields.count))
      }
      if let eventColumn, !events.isEmpty, !isKept(fields[eventColumn].trimmed) {
        otherEvents += 1
        continue
      }
      if let defect = parse(fields) { return bad(defect) }
      return .click
    }
  }

  private func parse(_ fields: [TextSlice]) -> RowDefect? {
    session = fields[sessionColumn].trimmed
    item = fields[itemColumn].trimmed
    if session.count == 0 { return .noSession }
    if item.count == 0 { return .emptyItem }
    if !item.bytes.allSatisfy(NumpyList.isIDByte) { return .blankInItem }
    if let localeColumn {
      let name = fields[localeColumn].trimmed
      if name.count > 0, !LocaleName.isValid(name) { return .badLocale }
      locale = name.count > 0 ? name : defaultLocale?.slice
    }
    time = 0
    if let timeColumn {
      let text = fields[timeColumn].trimmed
      if timeFormat == nil {
        timeFormat = TimeFormat(of: text)
        looksLikeDate = timeFormat == .seconds && TimeFormat.looksLikeDate(text)
      }
      guard let format = timeFormat, let time = format.microseconds(text) else { return .noTime(timeFormat) }
      self.time = time
    }
    if let elapsedColumn {
      guard let elapsed = TimeFormat.microseconds(ofMilliseconds: fields[elapsedColumn].trimmed) else {
        return .noTime(nil)
      }
      time += elapsed
    }
    return nil
  }

  private func isKept(_ event: TextSlice) -> Bool { events.contains { event.bytes.elementsEqual($0) } }

  private func bad(_ defect: RowDefect) -> Outcome {
    .bad(BadRow(path: rows.path, line: rows.line, text: rows.text.shortened, defect: defect))
  }
}
