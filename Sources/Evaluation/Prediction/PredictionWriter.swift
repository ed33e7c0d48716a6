import Foundation
import Sessions
import Storage

/// Writes predictions in the shape of a KDD Cup 2023 submission, as CSV or as JSON lines.
///
/// CSV has the lists as NumPy prints them, like the sessions themselves: `ES,['B0…' 'B0…']`, or without the locale where
/// the sessions have none.
public struct PredictionWriter {
  private enum Format { case csv, jsonLines }

  private let path: String
  private let format: Format

  /// - Parameter path: ends in `.csv` or `.jsonl`.
  /// - Throws: `EvaluationError.unknownOutputFormat`.
  public init(path: String) throws(EvaluationError) {
    self.path = path
    switch fileExtension(of: path) {
    case "csv": format = .csv
    case "jsonl": format = .jsonLines
    default: throw .unknownOutputFormat(path: path)
    }
  }

  /// Writes a line a session; the file appears whole or not at all.
  /// - Parameters:
  ///   - sessionIDs: of each session; nil where lines are told by their order alone.
  ///   - locales: the name of each session's locale, nil where it is not known; nil where no line is to name one.
  ///   - itemIDs: of the catalogue that the predictions' rows belong to.
  /// - Throws: `StorageError`.
  public func write(
    _ predictions: Predictions, sessionIDs: [String]? = nil, locales: ((_ session: Int) -> String?)?,
    itemIDs: ItemCatalog
  ) throws {
    try write(predictions, sessionIDs: sessionIDs, locales: locales, idOfRow: itemIDs.id(of:))
  }

  package func write(
    _ predictions: Predictions, sessionIDs: [String]? = nil, locales: ((_ session: Int) -> String?)?,
    idOfRow: (Int32) -> String
  ) throws {
    let file = try AtomicFile(path: path)
    let columns = (sessionIDs == nil ? [] : ["session"]) + (locales == nil ? [] : ["locale"])
    var text = format == .csv ? (columns + ["next_item_prediction"]).joined(separator: ",") + "\n" : ""
    for session in 0..<predictions.count {
      let values = (sessionIDs.map { [$0[session]] } ?? []) + (locales.map { [$0(session) ?? ""] } ?? [])
      let ids = predictions.items(of: session).map(idOfRow)
      switch format {
      case .csv: text += (values + [numpyList(ids)]).map(csvField).joined(separator: ",") + "\n"
      case .jsonLines:
        let named = zip(columns, values).map { "\"\($0)\": \(jsonString($1)), " }.joined()
        text += "{\(named)\"next_item_prediction\": [\(ids.map(jsonString).joined(separator: ", "))]}\n"
      }
      if text.utf8.count > 1 << 20 {
        try append(text, to: file)
        text = ""
      }
    }
    try append(text, to: file)
    try file.commit()
  }

  private func append(_ text: String, to file: AtomicFile) throws {
    try Array(text.utf8).withUnsafeBytes { try file.write($0) }
  }
}

/// A list of strings on one line, as NumPy prints it.
private func numpyList(_ ids: [String]) -> String {
  "[" + ids.map { $0.utf8.contains(0x27) ? "\"\($0)\"" : "'\($0)'" }.joined(separator: " ") + "]"
}
