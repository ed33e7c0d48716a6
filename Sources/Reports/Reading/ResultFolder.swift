import Campaigns
import Foundation
import Runs
import Storage

/// A folder that a report is about; what is in it tells its kind.
enum ResultFolder {
  case run(RunReading)
  case handOff(path: String, HandOffReport)
  case sweep(path: String, [SweepRecord])

  /// - Throws: `ReportError`, `RunError`.
  init(path: String) throws {
    let files = FileManager.default
    func has(_ name: String) -> Bool { files.fileExists(atPath: joined(path, name)) }
    var isFolder: ObjCBool = false
    guard files.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      throw ReportError.noSuchFolder(path: path)
    }
    if has(SweepFolder.recordsFile) {
      let records = SweepFolder(path: path).records().values.sorted { $0.job < $1.job }
      if records.isEmpty {
        throw ReportError.malformed(path: joined(path, SweepFolder.recordsFile), writer: "caravan sweep")
      }
      self = .sweep(path: path, records)
      return
    }
    // The run of one locale has its row of the hand-off, under the same name.
    if has(HandOffRow.fileName), !has("metrics.jsonl") {
      let file = joined(path, HandOffRow.fileName)
      self = .handOff(path: path, try readJSON(HandOffReport.self, file, writer: "caravan finetune"))
      return
    }
    guard has("config.yaml"), has("metrics.jsonl") || has("checkpoints") else {
      throw ReportError.notAResult(path: path, run: RunFolder.first(inside: path))
    }
    self = .run(try RunReading(path: path))
  }
}

/// Reads a JSON file that one of the commands wrote.
/// - Throws: `StorageError.cannotRead`, `ReportError.malformed`.
func readJSON<Value: Decodable>(_ type: Value.Type, _ path: String, writer: String) throws -> Value {
  var isFolder: ObjCBool = false
  if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
    throw StorageError.cannotRead(path: path, reason: "it is a folder: folders of results stand before all options")
  }
  guard let data = FileManager.default.contents(atPath: path) else {
    throw StorageError.cannotRead(path: path, reason: "there is no such file")
  }
  guard let value = try? JSONDecoder().decode(type, from: data) else {
    throw ReportError.malformed(path: path, writer: writer)
  }
  return value
}
