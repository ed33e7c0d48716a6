import Sessions
import Storage

/// Candidates as rows of text, CSV or JSON lines, a row a candidate: the session, the item, whether that is the answer,
/// the features.
///
/// A session without candidates has one row, without an item, so that whoever reads the rows knows of it. The text of a
/// row depends on nothing but what is in it.
package struct CandidateText {
  private enum Format { case csv, jsonLines }

  /// The names of the features.
  package var features: [String] = []
  private let format: Format
  private let isLabelled: Bool
  private let sessionID: ((_ session: Int) -> String)?
  private let locale: ((_ session: Int) -> String?)?
  private let itemID: (Int32) -> String

  /// - Parameters:
  ///   - path: of the file, which ends in `.csv` or `.jsonl`.
  ///   - isLabelled: whether rows tell the answer.
  ///   - sessionID: the id of a session; nil where sessions are told by their numbers alone.
  ///   - locale: the name of a session's locale, nil where it has none; nil where no row is to name one.
  ///   - itemIDs: of the catalogue.
  /// - Throws: `EvaluationError.unknownOutputFormat`.
  package init(
    path: String, isLabelled: Bool, sessionID: ((_ session: Int) -> String)? = nil,
    locale: ((_ session: Int) -> String?)?, itemIDs: ItemCatalog
  ) throws(EvaluationError) {
    try self.init(path: path, isLabelled: isLabelled, sessionID: sessionID, locale: locale, itemID: itemIDs.id(of:))
  }

  package init(
    path: String, isLabelled: Bool, sessionID: ((_ session: Int) -> String)? = nil,
    locale: ((_ session: Int) -> String?)?, itemID: @escaping (Int32) -> String
  ) throws(EvaluationError) {
    format = try Self.format(of: path)
    self.isLabelled = isLabelled
    self.sessionID = sessionID
    self.locale = locale
    self.itemID = itemID
  }

  /// Checks that a path names a format.
  /// - Throws: `EvaluationError.unknownOutputFormat`.
  package static func check(path: String) throws(EvaluationError) { _ = try format(of: path) }

  private static func format(of path: String) throws(EvaluationError) -> Format {
    switch fileExtension(of: path) {
    case "csv": .csv
    case "jsonl": .jsonLines
    default: throw .unknownOutputFormat(path: path)
    }
  }

  /// The columns, in their order.
  package var columns: [String] {
    ["session"] + (sessionID == nil ? [] : ["session_id"]) + ["item"] + (isLabelled ? ["label"] : [])
      + (locale == nil ? [] : ["locale"]) + features
  }

  /// The first line.
  package var header: [UInt8] { format == .csv ? Array((columns.joined(separator: ",") + "\n").utf8) : [] }

  /// The rows of a session.
  /// - Parameters:
  ///   - session: its number.
  ///   - answer: 0 where it is not known, or not to be told.
  ///   - values: `[items, features]`.
  func rows(of session: Int, items: [Int32], answer: Int32, values: [Float]) -> [UInt8] {
    let begin = [("\(session)", false)] + (sessionID.map { [($0(session), true)] } ?? [])
    let name = locale.map { [($0(session) ?? "", true)] } ?? []
    var text: [UInt8] = []
    for (place, item) in items.enumerated() {
      let label = isLabelled ? [(item == answer ? "1" : "0", false)] : []
      let row = values[place * features.count..<(place + 1) * features.count]
      append(begin + [(itemID(item), true)] + label + name, row, to: &text)
    }
    if items.isEmpty {
      let nothing = [Float](repeating: .nan, count: features.count)
      append(begin + [("", true)] + (isLabelled ? [("0", false)] : []) + name, nothing[...], to: &text)
    }
    return text
  }

  /// - Parameter fields: those before the features, and which are text.
  private func append(_ fields: [(text: String, isText: Bool)], _ values: ArraySlice<Float>, to text: inout [UInt8]) {
    switch format {
    case .csv:
      text += fields.map { csvField($0.text) }.joined(separator: ",").utf8
      for value in values {
        text.append(0x2c)
        if value.isFinite { text += number(value).utf8 }
      }
    case .jsonLines:
      let named = zip(columns, fields).map { "\"\($0)\": \($1.isText ? jsonString($1.text) : $1.text)" }
      text += "{\(named.joined(separator: ", "))".utf8
      for (name, value) in zip(features, values) {
        text += ", \"\(name)\": \(value.isFinite ? number(value) : "null")".utf8
      }
      text.append(0x7d)
    }
    text.append(0x0a)
  }

  /// The shortest text that gives the same number back; whole numbers without a point.
  private func number(_ value: Float) -> String {
    value.magnitude < 0x1p24 && value == value.rounded() ? "\(Int32(value))" : "\(value)"
  }
}
