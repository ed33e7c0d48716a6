/// Reads the answers of test sessions: a CSV file with the columns `next_item` and, if it has one, `locale`, row by row
/// beside the sessions.
final class TruthFileReader {
  enum Outcome {
    /// The locale is nil in a file without that column.
    case answer(TextSlice, locale: TextSlice?)
    case bad(BadRow)
    case end
  }

  private let rows: DelimitedRowReader
  private let columnCount: Int
  private let answerColumn: Int
  private let localeColumn: Int?

  var path: String { rows.path }
  var line: Int { rows.line }

  init(path: String) throws {
    rows = try DelimitedRowReader(path: path)
    let header = try FileHeader(of: rows)
    columnCount = header.names.count
    answerColumn = try header.index(of: "next_item")
    localeColumn = header.indexIfPresent(of: "locale")
  }

  func next() throws -> Outcome {
    guard try rows.next() else { return .end }
    if let defect = rows.defect { return bad(defect) }
    let fields = rows.fields
    if fields.count != columnCount { return bad(.fieldCount(expected: columnCount, found: fields.count)) }
    let answer = fields[answerColumn].trimmed
    if answer.count == 0 { return bad(.emptyAnswer) }
    if !answer.bytes.allSatisfy(NumpyList.isIDByte) { return bad(.blankInItem) }
    let locale = localeColumn.map { fields[$0].trimmed }
    if let locale, !LocaleName.isValid(locale) { return bad(.badLocale) }
    return .answer(answer, locale: locale)
  }

  /// The present row as a bad one.
  func row(_ defect: RowDefect) -> BadRow {
    BadRow(path: path, line: line, text: rows.text.shortened, defect: defect)
  }

  private func bad(_ defect: RowDefect) -> Outcome { .bad(row(defect)) }
}
