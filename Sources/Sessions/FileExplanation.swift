import Foundation
import Text

/// What the first rows of a file are taken for, in words: for somebody who has a file and wonders.
public enum FileExplanation {
  private static let rows = 5

  /// Says the file's shape, and a line for each of its first rows.
  /// - Parameter options: as for preparing; what is not about reading a file does not matter.
  /// - Throws: `SessionsError` where the file's columns are not known, after the rows as they are cut into fields.
  public static func tell(_ path: String, _ options: PreparationOptions, _ say: (String) -> Void) throws {
    let rows = try DelimitedRowReader(path: path)
    let shape: FileShape
    do {
      shape = try FileShape(of: rows, options.columns, format: options.format)
    } catch let error as SessionsError {
      if case .unknownColumns = error { try tellFields(of: rows, say) }
      throw error
    }
    switch shape.kind {
    case .clicks:
      let reader = try ClickLogReader(rows, shape, events: options.events, defaultLocale: options.defaultLocale)
      let lines = try (0..<Self.rows).compactMap { _ in try line(reader, rows) }
      // The rows tell in what the times are.
      say("\(path): \(reader.description)")
      lines.forEach(say)
    case .sessions:
      let reader = try SessionFileReader.open(
        rows, shape, defaultLocale: options.defaultLocale, zeros: options.zeros, allowsGaps: true)
      say("\(path): \(shape.description)")
      for _ in 0..<Self.rows { try line(reader).map(say) }
    }
  }

  /// Says how the first rows are cut into fields, from the reader's present one.
  private static func tellFields(of rows: DelimitedRowReader, _ say: (String) -> Void) throws {
    say("\(rows.path): \(rows.separatorName) between columns")
    for _ in 0..<Self.rows {
      let fields = rows.fields.enumerated().map { "\($0 + 1) \($1.shortened)" }
      say("line \(rows.line): " + (rows.defect?.description ?? fields.joined(separator: ", ")))
      if try !rows.next() { return }
    }
  }

  private static func line(_ reader: ClickLogReader, _ rows: DelimitedRowReader) throws -> String? {
    switch try reader.next() {
    case .end: return nil
    case .bad(let row): return row.description
    case .click:
      let time = reader.timeFormat.map { _ in
        ", at \(Date(timeIntervalSince1970: Double(reader.time) / 1e6).ISO8601Format())"
      }
      let locale = reader.locale.map { ", locale \($0.shortened)" }
      return "line \(rows.line): session \(reader.session.shortened), item \(reader.item.shortened)"
        + (time ?? "") + (locale ?? "")
    }
  }

  private static func line(_ reader: SessionFileReader) throws -> String? {
    switch try reader.next() {
    case .end: return nil
    case .bad(let row): return row.description
    case .session:
      let items = reader.items.prefix(4).map(\.shortened).joined(separator: " ")
      let count = counted(reader.items.count, "item")
      let answer = reader.answer.map { ", then \($0.shortened)" }
      return "line \(reader.line): \(count), \(items)\(reader.items.count > 4 ? " …" : "")\(answer ?? "")"
    }
  }
}
