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
    func move(_ session: Int, to part: SessionCollector) {
      part.items += items(of: session)
      part.endSession(target: targets[session], locale: locales[session])
    }
    for session in 0..<count {
      if isSecond[session] { move(session, to: second) } else { move(session, to: first) }
    }
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
