import Foundation
import Text

/// What the first rows of a file are taken for, in words: for somebody who has a file and wonders.
public enum FileExplanation {
  private static let rows = 5

  /// - Parameter options: as for preparing; what is not about reading a file does not matter.
  /// - Returns: the file's shape, and a line for each of its first rows.
  /// - Throws: `SessionsError` where the file's columns are not known.
  public static func lines(of path: String, _ options: PreparationOptions) throws -> [String] {
    let rows = try DelimitedRowReader(path: path)
    let shape = try FileShape(of: rows, options.columns, format: options.format)
    switch shape.kind {
    case .clicks:
      let reader = try ClickLogReader(rows, shape, events: options.events, defaultLocale: options.defaultLocale)
      let lines = try (0..<Self.rows).compactMap { _ in try line(reader, rows) }
      return ["\(path): \(reader.description)"] + lines
    case .sessions:
      let reader = try SessionFileReader.open(
        rows, shape, defaultLocale: options.defaultLocale, zeros: options.zeros, allowsGaps: true)
      let lines = try (0..<Self.rows).compactMap { _ in try line(reader) }
      return ["\(path): \(shape.description)"] + lines
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
      let count = reader.items.count == 1 ? "1 item" : "\(reader.items.count) items"
      let answer = reader.answer.map { ", then \($0.shortened)" }
      return "line \(reader.line): \(count), \(items)\(reader.items.count > 4 ? " …" : "")\(answer ?? "")"
    }
  }
}
