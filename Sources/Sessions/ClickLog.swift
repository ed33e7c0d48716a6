/// The clicks of a log while they are being read: 16 bytes each, 18 with locales, and the ids of the sessions.
final class ClickLog {
  private let ids = Vocabulary()
  // Appended to for every click: no checks of overlapping accesses.
  @exclusivity(unchecked) private var sessions: [Int32] = []
  @exclusivity(unchecked) private var items: [Int32] = []
  @exclusivity(unchecked) private var times: [Int64] = []
  /// Of each click, where the log has any.
  @exclusivity(unchecked) private var locales: [UInt16] = []
  @exclusivity(unchecked) private var row: [Int32] = []

  var clickCount: Int { items.count }
  var sessionCount: Int { ids.count }

  /// A locale of clicks that are not kept.
  static let unwanted = LocaleNames.none - 1

  /// Takes in the reader's present click.
  /// - Parameter locale: its code; nil in a log without locales.
  func append(_ click: ClickLogReader, numbering: Vocabulary, locale: UInt16?) throws {
    row.removeAll(keepingCapacity: true)
    try ids.appendRows(of: [click.session], from: 0, to: &row)
    sessions.append(row[0] - 1)
    try numbering.appendRows(of: [click.item], from: 0, to: &items)
    times.append(click.time)
    // Of several logs the first ones may have had none.
    if let locale {
      locales += [UInt16](repeating: LocaleNames.none, count: items.count - 1 - locales.count)
      locales.append(locale)
    }
  }

  /// The sessions in the order of their first clicks in the file, each ordered by time, where times are equal by the
  /// order of the file; a session's locale is that of its first click. Takes the clicks out of the log.
  /// - Parameters:
  ///   - gap: microseconds without a click after which another session begins; nil for never.
  ///   - keepsTimes: whether they have times.
  /// - Returns: beside them which session of the log each is of, by its number.
  func takeSequences(gap: Int64?, keepsTimes: Bool) -> (sequences: Sequences, sessions: [Int32]) {
    if !locales.isEmpty { locales += [UInt16](repeating: LocaleNames.none, count: items.count - locales.count) }
    sortBySession()
    defer { (sessions, items, times, locales) = ([], [], [], []) }
    var sequences = Sequences(), owners: [Int32] = []
    var first = 0
    while first < items.count {
      var end = first + 1
      while end < items.count, sessions[end] == sessions[first], gap.map({ times[end] - times[end - 1] <= $0 }) ?? true
      {
        end += 1
      }
      let locale = locales.isEmpty ? LocaleNames.none : locales[first]
      if locale != Self.unwanted {
        sequences.append(
          items[first..<end], keepsTimes ? times[first..<end] : [], locale: locale, group: Int32(sequences.count))
        owners.append(sessions[first])
      }
      first = end
    }
    return (sequences, owners)
  }

  /// The id of a session, by its number.
  func id(of session: Int32) -> String { ids.text(of: session + 1) }

  /// Brings the clicks of each session together, by their time. Most logs are in that order as they come.
  private func sortBySession() {
    var starts = [Int32](repeating: 0, count: ids.count + 1)
    for session in sessions { starts[Int(session) + 1] += 1 }
    for session in 0..<ids.count { starts[session + 1] += starts[session] }
    if !isSorted(starts) {
      var next = starts
      var order = [Int32](repeating: 0, count: items.count)
      for click in items.indices {
        let session = Int(sessions[click])
        order[Int(next[session])] = Int32(click)
        next[session] += 1
      }
      for session in 0..<ids.count {
        let range = Int(starts[session])..<Int(starts[session + 1])
        if !isRising(order[range]) { order[range].sortStably { self.times[Int($0)] < self.times[Int($1)] } }
      }
      items = order.map { items[Int($0)] }
      times = order.map { times[Int($0)] }
      sessions = order.map { sessions[Int($0)] }
      if !locales.isEmpty { locales = order.map { locales[Int($0)] } }
    }
  }

  /// Whether the clicks of every session lie together and in order already.
  private func isSorted(_ starts: [Int32]) -> Bool {
    items.indices.dropFirst().allSatisfy { click in
      sessions[click] == sessions[click - 1]
        ? times[click - 1] <= times[click] : Int32(click) == starts[Int(sessions[click])]
    }
  }

  private func isRising(_ clicks: ArraySlice<Int32>) -> Bool {
    zip(clicks, clicks.dropFirst()).allSatisfy { times[Int($0)] <= times[Int($1)] }
  }
}

extension ArraySlice<Int32> {
  /// Sorts, and leaves equal ones in their order, which are rising numbers.
  fileprivate mutating func sortStably(_ isBefore: (Int32, Int32) -> Bool) {
    sort { isBefore($0, $1) || !isBefore($1, $0) && $0 < $1 }
  }
}
