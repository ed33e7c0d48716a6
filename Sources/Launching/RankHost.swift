import Foundation
import Text

/// A machine of a host file, and how many ranks may start there.
package struct RankHost: Equatable, Sendable {
  package let name: String
  package let slots: Int

  package init(name: String, slots: Int) {
    self.name = name
    self.slots = slots
  }

  /// The hosts of a file as Open MPI takes it: `node1 slots=4`, `#` before a comment. A host that stands there several
  /// times has the slots of all its lines, one for a line without.
  /// - Throws: `LaunchError`.
  package static func read(file path: String) throws(LaunchError) -> [RankHost] {
    guard access(path, R_OK) == 0 else {
      throw .unreadableHostFile(path: path, reason: String(cString: strerror(errno)))
    }
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw .badHostFile(path: path, line: 1, reason: "it cannot be read as text")
    }
    var hosts: [RankHost] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard let first = words.first else { continue }
      // A user may stand before the name; its name alone tells whether two lines mean one host.
      let name = String(first.split(separator: "@").last ?? first)
      var slots = 1
      for word in words.dropFirst() {
        let pair = word.split(separator: "=", maxSplits: 1)
        guard pair.count == 2, pair[0] == "slots" || pair[0] == "max_slots" || pair[0] == "max-slots" else {
          throw .badHostFile(path: path, line: index + 1, reason: "'\(printable(String(word)))' is no slots=N")
        }
        guard let number = Int(pair[1]), (1...100_000).contains(number) else {
          throw .badHostFile(path: path, line: index + 1, reason: "'\(printable(String(word)))' is no number of ranks")
        }
        if pair[0] == "slots" { slots = number }
      }
      if let known = hosts.firstIndex(where: { $0.name == name }) {
        hosts[known] = RankHost(name: name, slots: hosts[known].slots + slots)
      } else {
        hosts.append(RankHost(name: name, slots: slots))
      }
    }
    if hosts.isEmpty { throw .noHost(path: path) }
    return hosts
  }
}

extension [RankHost] {
  var slots: Int { reduce(0) { $0 + $1.slots } }
}
