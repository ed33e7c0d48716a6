/// How the columns of session files are named.
public enum SessionFileFormat: String, CaseIterable, Sendable {
  /// Told from the first row.
  case auto
  /// As they are: KDD Cup 2023's `prev_items,next_item,locale`, and click logs.
  case csv
  /// RecBole's, with types: `session_id:token`, `item_id_list:token_seq`, `item_id:token`, `item_locale:token`.
  case inter
}

/// Reads session files, a session a row.
///
/// Columns are found by their names, in any order; others are passed over. Nothing is translated to numbers
/// here: items are places in the reader's memory, valid until the next row.
final class SessionFileReader {
  enum Outcome {
    case session
    /// A row that cannot be used; reading can go on.
    case bad(BadRow)
    case end
  }

  // As in the window: no checks of overlapping accesses for every row.
  /// The session's items, oldest first; at least one.
  @exclusivity(unchecked) var items: [TextSlice] = []
  /// The session's own id, which rows may share; nil in files without that column, and where the field is empty.
  @exclusivity(unchecked) private(set) var sessionID: TextSlice?
  /// What followed; nil in files without that column.
  @exclusivity(unchecked) private(set) var answer: TextSlice?
  /// The default in files without that column; nil where there is none.
  @exclusivity(unchecked) private(set) var locale: TextSlice?
  /// Whether the row's locale can be read, or there is none to be read; it may be so in a row that is bad for another
  /// reason.
  @exclusivity(unchecked) private(set) var isLocaleKnown = true

  let shape: FileShape
  private let rows: DelimitedRowReader
  private let columnCount: Int
  private let listColumn: Int
  private let answerColumn: Int?
  private let localeColumn: Int?
  private let defaultLocale: OwnedText?
  private let idColumn: Int?
  private let lengthColumn: Int?
  private let allowsGaps: Bool
  private var padding = ListPadding.none
  private var doubt: ZerosFound.Doubt?
  // What was found of zeros so far.
  @exclusivity(unchecked) private var lists = 0
  @exclusivity(unchecked) private var paddedLists = 0
  @exclusivity(unchecked) private var paddedPlaces = 0
  @exclusivity(unchecked) private var doubtfulLists = 0

  var path: String { rows.path }
  var line: Int { rows.line }
  var hasAnswers: Bool { answerColumn != nil }
  /// Whether sessions have a locale, be it the default.
  var namesLocales: Bool { localeColumn != nil || defaultLocale != nil }
  var bytesRead: Int { rows.bytesRead }
  var totalBytes: Int { rows.totalBytes }

  /// Finds out what zeros are, for which the file may be read twice.
  /// - Parameters:
  ///   - rows: at the header, from which `shape` is.
  ///   - defaultLocale: of sessions in a file without a column for it; nil for none.
  ///   - zeros: what `0` in a list is. Not asked where a column `item_length` tells how many items a list has.
  ///   - allowsGaps: whether a session without items, or without the answer that others have, can be used.
  static func open(
    _ rows: DelimitedRowReader, _ shape: FileShape, defaultLocale: String?, zeros: ZeroMeaning,
    allowsGaps: Bool = false
  ) throws -> SessionFileReader {
    func reader(of rows: DelimitedRowReader) throws -> SessionFileReader {
      try SessionFileReader(rows, shape, defaultLocale: defaultLocale, allowsGaps: allowsGaps)
    }
    let first = try reader(of: rows)
    if first.lengthColumn != nil { return first }
    switch zeros {
    case .item: break
    case .padding: first.padding = .atBothEnds
    case .auto where !rows.canBeReadTwice: first.padding = .unknown
    case .auto:
      let found = try ListPadding.find(in: first)
      let again = try reader(of: rows.reopened())
      (again.padding, again.doubt) = found
      return again
    }
    return first
  }

  private init(
    _ rows: DelimitedRowReader, _ shape: FileShape, defaultLocale: String?, allowsGaps: Bool
  ) throws {
    precondition(shape.kind == .sessions, "no session file: \(shape)")
    self.allowsGaps = allowsGaps
    self.rows = rows
    self.shape = shape
    columnCount = shape.names.count
    listColumn = shape.columns[.items]!
    answerColumn = shape.columns[.answer]
    localeColumn = shape.columns[.locale]
    idColumn = shape.columns[.session]
    lengthColumn = shape.names.firstIndex(of: "item_length")
    self.defaultLocale = localeColumn == nil ? defaultLocale.map { OwnedText($0) } : nil
    locale = self.defaultLocale?.slice
  }

  /// Goes to the next session.
  func next() throws -> Outcome {
    guard try rows.next() else { return .end }
    if let (defect, text) = try parseRow() {
      return .bad(BadRow(path: path, line: line, text: text.shortened, defect: defect))
    }
    return .session
  }

  /// - Returns: what is wrong, and the text in which it is.
  private func parseRow() throws -> (RowDefect, TextSlice)? {
    if localeColumn != nil { (locale, isLocaleKnown) = (nil, false) }
    if let defect = rows.defect { return (defect, rows.text) }
    let fields = rows.fields
    if fields.count != columnCount {
      return (.fieldCount(expected: columnCount, found: fields.count), rows.text)
    }
    if let localeColumn {
      let name = fields[localeColumn].trimmed
      isLocaleKnown = LocaleName.isValid(name)
      locale = isLocaleKnown ? name : nil
    }
    items.removeAll(keepingCapacity: true)
    let list = fields[listColumn]
    var defect = shape.isTyped ? parseTokens(list) : NumpyList.parse(list, into: &items)
    if defect == nil { defect = try removePadding(fields) }
    if let defect, !(defect == .emptySession && allowsGaps) { return (defect, list.count > 0 ? list : rows.text) }
    answer = nil
    if let answerColumn {
      let text = fields[answerColumn].trimmed
      if text.count == 0, !allowsGaps { return (.emptyAnswer, rows.text) }
      if !text.bytes.allSatisfy(NumpyList.isIDByte) { return (.blankInItem, text) }
      if text.count > 0 { answer = text }
    }
    if !isLocaleKnown {
      return (localeColumn.map { fields[$0].trimmed.count == 0 } ?? false ? .emptyLocale : .badLocale, rows.text)
    }
    sessionID = idColumn.map { fields[$0].trimmed }.flatMap { $0.count > 0 ? $0 : nil }
    return nil
  }

  // MARK: - Padding

  /// What was done about zeros in the rows so far; nil where there is nothing to say.
  var zerosFound: ZerosFound? {
    if paddedLists > 0 {
      return lengthColumn == nil
        ? .padding(path: path, zeros: paddedPlaces, lists: paddedLists)
        : .beyondLength(path: path, ids: paddedPlaces, lists: paddedLists)
    }
    if let doubt { return .items(path: path, doubt) }
    return 10 * doubtfulLists > lists ? .manyLists(path: path, lists: doubtfulLists, of: lists) : nil
  }

  /// Takes what only fills the list up out of `items`.
  /// - Returns: what is wrong with the row.
  private func removePadding(_ fields: [TextSlice]) throws -> RowDefect? {
    lists += 1
    var removed = 0
    if let lengthColumn {
      guard let length = Self.wholeNumber(fields[lengthColumn].trimmed) else { return .noLength }
      removed = max(0, items.count - length)
      // The items stand first, unless the list begins with all of the zeros that fill it up.
      let isFilledInFront = removed > 0 && removed < items.count && items.prefix(removed).allSatisfy { $0.isZero }
      if isFilledInFront { items.removeFirst(removed) } else { items.removeLast(removed) }
    } else if padding == .none {
      let ends = [items.prefix(2), items.suffix(2)]
      if items.count > 2, ends.contains(where: { $0.allSatisfy(\.isZero) }) { doubtfulLists += 1 }
    } else if padding == .unknown {
      if items.first?.isZero ?? false || items.last?.isZero ?? false {
        throw SessionsError.zerosUnclear(path: path, line: line)
      }
    } else {
      removed = padding.remove(from: &items)
    }
    if removed > 0 {
      paddedPlaces += removed
      paddedLists += 1
    }
    return items.isEmpty ? .emptySession : nil
  }

  /// `3`, or `3.0` as RecBole's float columns have it.
  private static func wholeNumber(_ text: TextSlice) -> Int? {
    guard let number = Double(text.string), number >= 0, number.rounded() == number else { return nil }
    return Int(exactly: number)
  }

  /// RecBole's token_seq: ids separated by blanks.
  private func parseTokens(_ list: TextSlice) -> RowDefect? {
    var start = 0
    for position in 0...list.count {
      if position < list.count, list.start[position] != UInt8(ascii: " ") {
        if !NumpyList.isIDByte(list.start[position]) { return .blankInItem }
        continue
      }
      if position > start { items.append(TextSlice(start: list.start + start, count: position - start)) }
      start = position + 1
    }
    return items.isEmpty ? .emptySession : nil
  }
}
