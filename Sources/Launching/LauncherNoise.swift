import Text

/// What comes out of `mpirun`'s standard error, sorted: lines of the ranks pass at once, Open MPI's banners and remarks
/// are kept, for the one line that says why a job ended of which no rank has told.
package struct LauncherNoise {
  /// Whether a rank of ours has said something.
  package private(set) var hasHeardRank = false
  /// Whether all ranks have started.
  package private(set) var hasHeardStart = false
  /// The first sentence of Open MPI's.
  package private(set) var firstRemark: String?

  package init() {}

  private var line: [UInt8] = []
  private var isInBanner = false

  /// Takes in what was read.
  /// - Returns: what is to be shown of it.
  package mutating func take(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var shown: [UInt8] = []
    for byte in bytes {
      line.append(byte)
      if byte == UInt8(ascii: "\n") {
        shown += endOfLine()
      }
    }
    // A progress bar is redrawn at the line's begin and has no end.
    if line.first == UInt8(ascii: "\r") {
      shown += line
      line = []
    }
    return shown
  }

  /// What stands in a last line without an end.
  package mutating func finish() -> [UInt8] { line.isEmpty ? [] : endOfLine() }

  private mutating func endOfLine() -> [UInt8] {
    defer { line = [] }
    let text = String(decoding: line, as: UTF8.self).trimmingSpace
    if text.count >= 20, text.allSatisfy({ $0 == "-" }) {
      isInBanner.toggle()
      return []
    }
    if isInBanner || Self.isOfLauncher(text) {
      if firstRemark == nil, text.count > 20 { firstRemark = Self.withoutOrigin(text) }
      return []
    }
    if text == CaravanRun.startLine {
      hasHeardStart = true
      return []
    }
    // The executable may have a longer name, such as caravan-0.6.
    if text.hasPrefix("caravan"), text.prefix(while: { $0 != " " }).hasSuffix(":") { hasHeardRank = true }
    return line
  }

  /// `[node1:1234] …`, and what mpirun, its daemons and ssh say under their names.
  private static func isOfLauncher(_ text: String) -> Bool {
    if let end = text.firstIndex(of: "]"), text.hasPrefix("[") {
      let parts = text[text.index(after: text.startIndex)..<end].split(separator: ":")
      if parts.count >= 2, parts[1].split(separator: ",").allSatisfy({ Int($0) != nil }) { return true }
    }
    return [
      "mpirun", "orterun", "prterun", "orted", "prted", "ORTE ", "PRTE ", "ssh: ", "Connection to ",
      "Connection closed",
    ]
    .contains { text.hasPrefix($0) }
  }

  private static func withoutOrigin(_ text: String) -> String {
    guard text.hasPrefix("["), let end = text.firstIndex(of: "]") else { return text }
    return String(text[text.index(after: end)...]).trimmingSpace
  }
}

extension String {
  fileprivate var trimmingSpace: String {
    let start = drop { $0.isWhitespace }
    return String(start.reversed().drop { $0.isWhitespace }.reversed())
  }
}
