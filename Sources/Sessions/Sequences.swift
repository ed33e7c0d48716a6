/// Whole sessions in memory, before they are divided into what is trained on and what is asked for: items and, where the
/// file has times, when each click was.
struct Sequences {
  private(set) var offsets: [Int] = [0]
  private(set) var items: [Int32] = []
  /// Of each click, in microseconds; empty where nothing has times.
  private(set) var times: [Int64] = []
  private(set) var locales: [UInt16] = []
  /// Which sessions are drawn together, as rows are that share an id.
  private(set) var groups: [Int32] = []

  var count: Int { locales.count }
  var clickCount: Int { items.count }

  subscript(session: Int) -> ArraySlice<Int32> { items[offsets[session]..<offsets[session + 1]] }

  /// When a session's last click was; 0 without times.
  func end(of session: Int) -> Int64 { times.isEmpty ? 0 : times[offsets[session + 1] - 1] }

  private func times(of session: Int) -> ArraySlice<Int64> {
    times.isEmpty ? [] : times[offsets[session]..<offsets[session + 1]]
  }

  /// - Parameter times: of the clicks; none where nothing has times.
  mutating func append(_ clicks: ArraySlice<Int32>, _ times: ArraySlice<Int64>, locale: UInt16, group: Int32) {
    items += clicks
    self.times += times
    offsets.append(items.count)
    locales.append(locale)
    groups.append(group)
  }

  /// Adds all sessions of others; times stay only where both have them.
  mutating func append(_ others: Sequences) {
    if others.count == 0 { return }
    let keepsTimes = count == 0 || times.isEmpty == others.times.isEmpty
    for session in 0..<others.count {
      append(others[session], keepsTimes ? others.times(of: session) : [], like: session, of: others)
    }
    if !keepsTimes { times = [] }
  }

  /// Takes over a session of others, with other clicks.
  private mutating func append(
    _ clicks: ArraySlice<Int32>, _ times: ArraySlice<Int64>, like session: Int, of other: Sequences
  ) {
    append(clicks, times, locale: other.locales[session], group: other.groups[session])
  }

  /// Those sessions that are chosen, in their order.
  func sessions(where isChosen: (Int) -> Bool) -> Sequences {
    var chosen = Sequences()
    for session in 0..<count where isChosen(session) {
      chosen.append(self[session], times(of: session), like: session, of: self)
    }
    return chosen
  }

  /// Without some items, and without the sessions that are then too short.
  func without(_ isLeftOut: (Int32) -> Bool, shorterThan length: Int) -> Sequences {
    var kept = Sequences()
    var clicks: [Int32] = [], times: [Int64] = []
    for session in 0..<count {
      clicks.removeAll(keepingCapacity: true)
      times.removeAll(keepingCapacity: true)
      for click in offsets[session]..<offsets[session + 1] where !isLeftOut(items[click]) {
        clicks.append(items[click])
        if !self.times.isEmpty { times.append(self.times[click]) }
      }
      if clicks.count >= length { kept.append(clicks[...], times[...], like: session, of: self) }
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

  /// Each session without its last item, if it has enough of them; and where to, the whole ones.
  /// - Parameter length: of the shortest session that gives up its last item.
  func leavingOut(fromLength length: Int) -> (rest: Sequences, whole: Sequences) {
    var rest = Sequences(), whole = Sequences()
    for session in 0..<count {
      let clicks = self[session], times = times(of: session), gives = clicks.count >= length
      if gives { whole.append(clicks, times, like: session, of: self) }
      rest.append(gives ? clicks.dropLast() : clicks, gives ? times.dropLast() : times, like: session, of: self)
    }
    return (rest, whole)
  }
}
