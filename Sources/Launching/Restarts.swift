import Foundation
import Storage

/// When a job that was lost is started again: at most so many times without a new checkpoint in between, each time after
/// twice as long.
package struct Restarts {
  let limit: Int
  /// The folder whose checkpoints tell of progress; nil where the command has none.
  let folder: String?

  private(set) var used = 0
  private var newest: String

  private static let longestWait = 60

  package init(limit: Int, folder: String?) {
    self.limit = limit
    self.folder = folder
    newest = Self.newestCheckpoint(in: folder)
  }

  /// How many seconds to wait before the next start; nil if there is none.
  package mutating func next() -> Int? {
    let found = Self.newestCheckpoint(in: folder)
    if found != newest { used = 0 }
    newest = found
    guard used < limit else { return nil }
    used += 1
    return min(1 << (used - 1), Self.longestWait)
  }

  /// What is newest of all that checkpoints are published under, below a folder: runs of a hand-off or a sweep have
  /// folders of their own.
  private static func newestCheckpoint(in folder: String?) -> String {
    guard let folder, let paths = FileManager.default.enumerator(atPath: folder) else { return "" }
    var links: [String] = []
    for case let path as String in paths where path.hasSuffix("checkpoints/latest") {
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: joined(folder, path))
      links.append("\(path) \(target ?? "")")
    }
    return links.sorted().joined(separator: "\n")
  }
}
