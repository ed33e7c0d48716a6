/// Whole sessions in memory, before they are divided into what is trained on and what is asked for: items and, where the
/// file has times, when each session ended.
struct Sequences {
  private(set) var offsets: [Int] = [0]
  private(set) var items: [Int32] = []
  /// Of each session's last click, in milliseconds.
  private(set) var ends: [Int64] = []
  private(set) var locales: [UInt16] = []
  /// Which sessions are drawn together, as rows are that share an id.
  private(set) var groups: [Int32] = []

  var count: Int { ends.count }
  var clickCount: Int { items.count }

  subscript(session: Int) -> ArraySlice<Int32> { items[offsets[session]..<offsets[session + 1]] }

  mutating func append(_ clicks: some Sequence<Int32>, end: Int64, locale: UInt16, group: Int32) {
    items.append(contentsOf: clicks)
    offsets.append(items.count)
    ends.append(end)
    locales.append(locale)
    groups.append(group)
  }

  mutating func append(_ others: Sequences) {
    for session in 0..<others.count { append(others[session], like: session, of: others) }
  }

  /// Takes over a session of others, with other clicks.
  private mutating func append(_ clicks: some Sequence<Int32>, like session: Int, of other: Sequences) {
    append(clicks, end: other.ends[session], locale: other.locales[session], group: other.groups[session])
  }

  /// Those sessions that are chosen, in their order.
  func sessions(where isChosen: (Int) -> Bool) -> Sequences {
    var chosen = Sequences()
    for session in 0..<count where isChosen(session) {
      chosen.append(self[session], like: session, of: self)
    }
    return chosen
  }

  /// Without some items, and without the sessions that are then too short.
  func without(_ isLeftOut: (Int32) -> Bool, shorterThan length: Int) -> Sequences {
    var kept = Sequences()
    var clicks: [Int32] = []
    for session in 0..<count {
      clicks.removeAll(keepingCapacity: true)
      for item in self[session] where !isLeftOut(item) { clicks.append(item) }
      if clicks.count >= length { kept.append(clicks, like: session, of: self) }
    }
    return kept
  }
}

extension Sequences {
  /// As the papers prepare their logs: without items that occur too seldom and sessions that are too short, again and
  /// again until nothing changes.
  /// - Parameter items: how many rows the items are of, padding not counted.
  func filtered(minItemCount: Int, minLength: Int, items: Int) -> Sequences {
    var kept = without({ _ in false }, shorterThan: minLength)
    while minItemCount > 1 {
      var counts = [Int](repeating: 0, count: items + 1)
      for item in kept.items { counts[Int(item)] += 1 }
      let before = (kept.count, kept.clickCount)
      kept = kept.without({ counts[Int($0)] < minItemCount }, shorterThan: minLength)
      if (kept.count, kept.clickCount) == before { break }
    }
    return kept
  }

  /// Divides off the sessions that end in the last days: not earlier than so many days before the last click of all, as
  /// GRU4Rec's authors do.
  func divided(lastDays days: Double) -> (before: Sequences, last: Sequences) {
    guard let end = ends.max() else { return (self, Sequences()) }
    let limit = end - Int64(days * 86_400_000)
    return (sessions { ends[$0] < limit }, sessions { ends[$0] >= limit })
  }

  /// Each session without its last item, if it has enough of them; and where to, the whole ones.
  /// - Parameter length: of the shortest session that gives up its last item.
  func leavingOut(fromLength length: Int) -> (rest: Sequences, whole: Sequences) {
    var rest = Sequences(), whole = Sequences()
    for session in 0..<count {
      let clicks = self[session]
      if clicks.count >= length { whole.append(clicks, like: session, of: self) }
      rest.append(clicks.count >= length ? clicks.dropLast() : clicks, like: session, of: self)
    }
    return (rest, whole)
  }
}
