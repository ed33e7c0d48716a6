import Storage

/// Prefixes of sessions as rows of their own: row c is what a session's clicks up to click c of the table were, and its
/// answer is what came next. So a table has as many rows as clicks, and nothing of them is written down.
extension SessionTable {
  /// The rows of some sessions, in their order, the shortest prefix first.
  public func prefixRows(of sessions: [Int32]) -> [Int32] {
    sessions.flatMap { session in range(of: Int(session)).lazy.map { Int32($0) } }
  }

  /// What a row has seen: the last of them is its click.
  public func clicks(ofPrefix row: Int32) -> MappedArray<Int32>.SubSequence {
    items[range(of: session(ofClick: Int(row))).lowerBound...Int(row)]
  }

  /// What came next.
  public func target(ofPrefix row: Int32) -> Int32 {
    let session = session(ofClick: Int(row)), next = Int(row) + 1
    return next < range(of: session).upperBound ? items[next] : targets[session]
  }

  /// The session that a click belongs to: the last one that does not begin behind it.
  private func session(ofClick click: Int) -> Int {
    var low = 0, high = count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if Int(offsets[middle]) <= click { low = middle } else { high = middle - 1 }
    }
    return low
  }
}
