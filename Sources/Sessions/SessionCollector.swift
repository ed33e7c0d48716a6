/// The sessions of one split while they are being read: what `SessionTable` will map, still growing.
final class SessionCollector {
  // Appended to for every click: no checks of overlapping accesses.
  @exclusivity(unchecked) private(set) var offsets: [Int64] = [0]
  @exclusivity(unchecked) private(set) var items: [Int32] = []
  @exclusivity(unchecked) private(set) var targets: [Int32] = []
  @exclusivity(unchecked) private(set) var locales: [UInt16] = []

  var count: Int { targets.count }

  /// Adds a session of text.
  /// - Parameters:
  ///   - ids: the items, oldest first, and the answer where it is known.
  ///   - first: the first of them that counts.
  ///   - locale: its code.
  func append(
    _ ids: [TextSlice], from first: Int, hasAnswer: Bool, locale: UInt16, numbering: Vocabulary
  ) throws {
    try numbering.appendRows(of: ids, from: first, to: &items)
    endSession(target: hasAnswer ? items.removeLast() : 0, locale: locale)
  }

  /// Ends the session whose items were appended.
  private func endSession(target: Int32, locale: UInt16) {
    offsets.append(Int64(items.count))
    targets.append(target)
    locales.append(locale)
  }

  /// Adds all sessions of others.
  func append(_ others: SessionCollector) {
    for session in 0..<others.count { append(session, of: others) }
  }

  private func append(_ session: Int, of other: SessionCollector) {
    items += other.items(of: session)
    endSession(target: other.targets[session], locale: other.locales[session])
  }

  /// Adds whole sessions, their last items as answers.
  /// - Parameter maxLength: how many items before the answer are kept, the last ones.
  func append(_ sequences: Sequences, maxLength: Int) {
    for session in 0..<sequences.count {
      let clicks = sequences[session]
      items += clicks.dropLast().suffix(maxLength)
      endSession(target: clicks.last!, locale: sequences.locales[session])
    }
  }

  /// Whole sessions: items and answers in one.
  /// - Parameters:
  ///   - groups: of each session.
  ///   - first: the number of the first group.
  func sequences(groups: [Int32], after first: Int) -> Sequences {
    var sequences = Sequences()
    for session in 0..<count {
      sequences.append(
        items(of: session) + [targets[session]], [], locale: locales[session], group: groups[session] + Int32(first))
    }
    return sequences
  }

  /// Which of so many items occur, answers included: `[items + 1]`.
  func itemsSeen(of items: Int) -> [Bool] {
    var seen = [Bool](repeating: false, count: items + 1)
    for item in self.items { seen[Int(item)] = true }
    for target in targets { seen[Int(target)] = true }
    return seen
  }

  /// Without the sessions whose answer was never seen.
  func withoutUnseenAnswers(_ seen: [Bool]) -> SessionCollector {
    let isUnseen = targets.map { $0 != 0 && !seen[Int($0)] }
    return isUnseen.contains(true) ? divided(by: isUnseen).first : self
  }

  /// Gives every item another row.
  func renumber(_ rows: [Int32]) {
    for place in items.indices { items[place] = rows[Int(items[place])] }
    for session in targets.indices { targets[session] = rows[Int(targets[session])] }
  }

  func items(of session: Int) -> ArraySlice<Int32> {
    items[Int(offsets[session])..<Int(offsets[session + 1])]
  }

  /// Whether the last two rows are prefixes of one session, one click apart, in either order: as files have them in which
  /// every prefix is a row.
  func lastIsOfTheSessionBefore(maxLength: Int) -> Bool {
    guard count >= 2, locales[count - 1] == locales[count - 2] else { return false }
    func goesOn(_ longer: Int, _ shorter: Int) -> Bool {
      let whole = items(of: longer), start = items(of: shorter)
      guard targets[shorter] != 0, whole.last == targets[shorter] else { return false }
      // Of sessions longer than `maxLength` only the last clicks are here.
      return whole.dropLast().elementsEqual(start.suffix(whole.count == maxLength ? maxLength - 1 : start.count))
    }
    return goesOn(count - 1, count - 2) || goesOn(count - 2, count - 1)
  }

  /// Divides the sessions in two, each in the old order.
  /// - Parameter isSecond: for each session, whether it goes to the second part.
  func divided(by isSecond: [Bool]) -> (first: SessionCollector, second: SessionCollector) {
    let first = SessionCollector()
    let second = SessionCollector()
    for session in 0..<count { (isSecond[session] ? second : first).append(session, of: self) }
    return (first, second)
  }

  /// The numbers for `dataset.json`.
  /// - Parameter names: of the locales, by code.
  func summary(_ names: [String]) -> DatasetManifest.Split {
    var counts = [Int](repeating: 0, count: names.count)
    for code in locales where code != LocaleNames.none { counts[Int(code)] += 1 }
    let byLocale = zip(names, counts).filter { $0.1 > 0 }
    return DatasetManifest.Split(
      sessions: count, clicks: items.count,
      sessionsByLocale: names.isEmpty ? nil : Dictionary(uniqueKeysWithValues: byLocale.map { ($0, $1) }),
      hasAnswers: !targets.contains(0))
  }
}
