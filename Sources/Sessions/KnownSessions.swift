import Storage

/// Sessions as somebody sees them who knows the first items of their catalogue alone: last week's model in this week's
/// sessions.
package struct KnownSessions: Sendable {
  /// All sessions, without the clicks on unknown items; an answer that is unknown is 0.
  package let table: SessionTable
  /// The sessions as they are.
  package let whole: SessionTable
  /// The sessions whose answer can be found, by their numbers: it is known, and so is a click.
  package let answerable: [Int32]
  package let unknownClicks: Int
  package let unknownAnswers: Int
  /// Sessions with no known item.
  package let emptied: Int

  /// - Parameter known: how many items are known, the first ones.
  package init(_ whole: SessionTable, items known: Int) {
    self.whole = whole
    let known = Int32(clamping: known)
    let isAllKnown = whole.items.allSatisfy { $0 <= known } && whole.targets.allSatisfy { $0 <= known }
    table = isAllKnown ? whole : Self.cut(whole, known)
    unknownClicks = whole.clickCount - table.clickCount
    unknownAnswers = whole.targets.count { $0 > known }
    let sessions = 0..<Int32(whole.count)
    let table = table
    emptied = isAllKnown ? 0 : sessions.count { table.range(of: Int($0)).isEmpty }
    answerable =
      isAllKnown
      ? Array(sessions)
      : sessions.filter { whole.targets[Int($0)] <= known && !table.range(of: Int($0)).isEmpty }
  }

  private static func cut(_ whole: SessionTable, _ known: Int32) -> SessionTable {
    var offsets: [Int64] = [0], items: [Int32] = []
    for session in 0..<whole.count {
      for item in whole.items(of: session) where item <= known { items.append(item) }
      offsets.append(Int64(items.count))
    }
    return SessionTable(
      offsets: MappedArray(offsets), items: MappedArray(items),
      targets: MappedArray(whole.targets.map { $0 <= known ? $0 : 0 }), locales: whole.locales)
  }
}

extension CandidateTable {
  /// What was seen of the first items.
  package func limited(toItems known: Int) -> CandidateTable {
    if known + 1 >= rows { return self }
    var offsets: [Int64] = [0], items: [Int32] = [], trainCounts: [Int32] = []
    for (start, end) in zip(self.offsets, self.offsets.dropFirst()) {
      for place in Int(start)..<Int(end) where self.items[place] <= known {
        items.append(self.items[place])
        trainCounts.append(self.trainCounts[place])
      }
      offsets.append(Int64(items.count))
    }
    return CandidateTable(
      rows: known + 1, offsets: MappedArray(offsets), items: MappedArray(items), trainCounts: MappedArray(trainCounts))
  }
}
