import Foundation
import OptionTables
import Sessions
import Storage

/// What a folder is that one of the commands made: none of them writes into that of another kind.
package enum FolderKind: String, Sendable {
  case dataset = "data set"
  case sweep
  case handOff = "hand-off"
  case blend
  case run

  /// What the folder of a sweep has in it.
  package static let recordsOfSweep = "jobs.jsonl"
  /// What the folder of a hand-off has in it when that is done; those of its runs have not.
  package static let tableOfHandOff = "handoff.txt"

  /// What is there; nil where it is none of these. A hand-off that is not done is told by the runs in it.
  package init?(at folder: String) {
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: joined(folder, name)) }
    if has(DatasetManifest.fileName) {
      self = .dataset
    } else if has(Self.recordsOfSweep) {
      self = .sweep
    } else if has(Self.tableOfHandOff) {
      self = .handOff
    } else if has(SavedBlend.fileName) {
      self = .blend
    } else if has("checkpoints") {
      self = .run
    } else if has("config.yaml"), RunFolder.first(inside: folder) != nil {
      self = .handOff
    } else {
      return nil
    }
  }

  /// Checks that files which are of no such folder would not be written into one.
  /// - Throws: `OptionError.badValue`.
  package static func requireNone(at folder: String) throws(OptionError) {
    if let found = FolderKind(at: folder) { throw found.refusal(folder) }
  }

  /// Checks that what is to be of this kind would not be written into something else.
  /// - Throws: `OptionError.badValue`.
  package func require(at folder: String) throws(OptionError) {
    if let found = FolderKind(at: folder), found != self { throw found.refusal(folder) }
  }

  private func refusal(_ folder: String) -> OptionError {
    .badValue("--out", value: folder, allowed: "a folder that is not a \(rawValue)'s")
  }
}
