import Text

/// Why there is no report.
package enum ReportError: Error, Equatable, CustomStringConvertible {
  case noSuchFolder(path: String)
  /// - Parameter run: one that is inside the folder.
  case notAResult(path: String, run: String?)
  /// - Parameter writer: the command that writes such files.
  case malformed(path: String, writer: String)

  package var description: String {
    switch self {
    case .noSuchFolder(let path):
      "there is no folder \(path): give one that train, finetune or sweep had as --out"
    case .notAResult(let path, let run):
      "\(path) is neither a run, nor a finished hand-off, nor a sweep: give "
        + (run.map { "those that it holds, such as \($0)" } ?? "a folder that train, finetune or sweep had as --out")
    case .malformed(let path, let writer):
      "\(path) is not what \(writer) writes, or it is damaged: make it again"
    }
  }
}
