import Foundation

/// The kinds of files that sessions come in.
public enum SessionFileFormat: String, CaseIterable, Sendable {
  /// Told from the file's name: `.csv` or `.inter`.
  case auto
  /// KDD Cup 2023: `prev_items,next_item,locale`, lists as NumPy prints them.
  case csv
  /// RecBole: tab separated, `session_id:token`, `item_id_list:token_seq`, `item_id:token`, `item_locale:token`.
  case inter

  func resolved(path: String) throws -> SessionFileFormat {
    if self != .auto { return self }
    switch (path as NSString).pathExtension.lowercased() {
    case "csv": return .csv
    case "inter": return .inter
    default: throw SessionsError.unknownFormat(path: path)
    }
  }
}

/// Reads session files of both formats, a row at a time.
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
  /// What followed; nil in files without that column.
  @exclusivity(unchecked) private(set) var answer: TextSlice?
  @exclusivity(unchecked) private(set) var locale = ShopLocale.uk

  private let rows: DelimitedRowReader
  private let format: SessionFileFormat
  private let columnCount: Int
  private let listColumn: Int
  private let answerColumn: Int?
  private let localeColumn: Int?

  var path: String { rows.path }
  var line: Int { rows.line }
  var hasAnswers: Bool { answerColumn != nil }
  var bytesRead: Int { rows.bytesRead }
  var totalBytes: Int { rows.totalBytes }

  /// Opens the file and reads its header.
  /// - Parameter defaultLocale: of sessions in a file without a column for it.
  init(path: String, format: SessionFileFormat, defaultLocale: ShopLocale?) throws {
    self.format = try format.resolved(path: path)
    let isCSV = self.format == .csv
    rows = try DelimitedRowReader(path: path, delimiter: isCSV ? "," : "\t", allowsQuotes: isCSV)
    let header = try FileHeader(of: rows, isTyped: !isCSV)
    columnCount = header.names.count
    listColumn = try header.index(of: isCSV ? "prev_items" : "item_id_list")
    answerColumn = header.indexIfPresent(of: isCSV ? "next_item" : "item_id")
    localeColumn = header.indexIfPresent(of: isCSV ? "locale" : "item_locale")
    if localeColumn == nil {
      guard let defaultLocale else {
        throw isCSV ? header.missing("locale") : SessionsError.noLocaleColumn(path: path)
      }
      locale = defaultLocale
    }
  }

  /// Goes to the next session.
  func next() throws -> Outcome {
    guard try rows.next() else { return .end }
    if let (defect, text) = parseRow() {
      return .bad(BadRow(path: path, line: line, text: text.shortened, defect: defect))
    }
    return .session
  }

  /// - Returns: what is wrong, and the text in which it is.
  private func parseRow() -> (RowDefect, TextSlice)? {
    if let defect = rows.defect { return (defect, rows.text) }
    let fields = rows.fields
    if fields.count != columnCount {
      return (.fieldCount(expected: columnCount, found: fields.count), rows.text)
    }
    items.removeAll(keepingCapacity: true)
    let list = fields[listColumn]
    let defect = format == .csv ? NumpyList.parse(list, into: &items) : parseTokens(list)
    if let defect { return (defect, list.count > 0 ? list : rows.text) }
    if let answerColumn {
      let text = fields[answerColumn].trimmed
      if text.count == 0 { return (.emptyAnswer, rows.text) }
      if !text.bytes.allSatisfy(NumpyList.isIDByte) { return (.blankInItem, text) }
      answer = text
    }
    if let localeColumn {
      guard let locale = ShopLocale(code: fields[localeColumn].trimmed) else {
        return (.unknownLocale, rows.text)
      }
      self.locale = locale
    }
    return nil
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

extension ShopLocale {
  /// The locale whose name stands at a place in memory; capital letters only, as data files have them.
  init?(code text: TextSlice) {
    guard text.count == 2 else { return nil }
    switch (text.start[0], text.start[1]) {
    case (UInt8(ascii: "U"), UInt8(ascii: "K")): self = .uk
    case (UInt8(ascii: "D"), UInt8(ascii: "E")): self = .de
    case (UInt8(ascii: "J"), UInt8(ascii: "P")): self = .jp
    case (UInt8(ascii: "E"), UInt8(ascii: "S")): self = .es
    case (UInt8(ascii: "F"), UInt8(ascii: "R")): self = .fr
    case (UInt8(ascii: "I"), UInt8(ascii: "T")): self = .it
    default: return nil
    }
  }
}
