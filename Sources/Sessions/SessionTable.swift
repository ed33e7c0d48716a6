import Storage

/// The sessions of one split: items and offsets, never padded.
///
/// Session `s` has the clicks `items[offsets[s] ..< offsets[s + 1]]`, at least one and oldest first, the answer
/// `targets[s]` and the locale's code `locales[s]`. Items are rows of the catalogue, from 1.
public struct SessionTable: Sendable {
  /// `[B + 1]`, from 0 to the number of clicks.
  public let offsets: MappedArray<Int64>
  /// `[clicks]`.
  public let items: MappedArray<Int32>
  /// `[B]`; 0 where the answer is not known.
  public let targets: MappedArray<Int32>
  /// `[B]`; see `LocaleNames`, `LocaleNames.none` where a session has none.
  public let locales: MappedArray<UInt16>

  /// Sessions.
  public var count: Int { targets.count }
  /// Clicks of all sessions, answers not counted.
  public var clickCount: Int { items.count }

  /// - Precondition: the arrays belong together.
  public init(
    offsets: MappedArray<Int64>, items: MappedArray<Int32>, targets: MappedArray<Int32>,
    locales: MappedArray<UInt16>
  ) {
    precondition(
      offsets.count == targets.count + 1 && locales.count == targets.count,
      "\(offsets.count) offsets, \(targets.count) targets and \(locales.count) locales do not belong together")
    self.offsets = offsets
    self.items = items
    self.targets = targets
    self.locales = locales
  }

  /// A table in memory, such as tests make.
  public init(sessions: [[Int32]], targets: [Int32], locales: [UInt16]) {
    var offsets: [Int64] = [0]
    for session in sessions { offsets.append(offsets[offsets.count - 1] + Int64(session.count)) }
    self.init(
      offsets: MappedArray(offsets), items: MappedArray(sessions.joined().map { $0 }),
      targets: MappedArray(targets), locales: MappedArray(locales))
  }

  /// Where the clicks of a session lie in `items`.
  @inlinable public func range(of session: Int) -> Range<Int> {
    Int(offsets[session])..<Int(offsets[session + 1])
  }

  /// The clicks of a session, oldest first. Allocates nothing.
  @inlinable public func items(of session: Int) -> MappedArray<Int32>.SubSequence {
    items[range(of: session)]
  }

  /// The sessions of some locales, in their order.
  /// - Parameter locales: by their codes; nil for all sessions.
  public func sessions(in locales: Set<UInt16>?) -> [Int32] {
    guard let locales else { return Array(0..<Int32(count)) }
    var isIn = [Bool](repeating: false, count: Int(UInt16.max) + 1)
    for code in locales { isIn[Int(code)] = true }
    return (0..<Int32(count)).filter { isIn[Int(self.locales[Int($0)])] }
  }

  /// The number of sessions of each locale, by its code; those without one are not counted.
  public func sessionCounts(of names: LocaleNames) -> [Int] {
    var counts = [Int](repeating: 0, count: names.count)
    for code in locales where code != LocaleNames.none { counts[Int(code)] += 1 }
    return counts
  }
}

// The file of a split.
extension SessionTable {
  /// Maps a split's file and checks every number in it, for indices from it are used unchecked later.
  /// - Parameters:
  ///   - expected: what the manifest says of the split.
  ///   - manifest: which says of the locales, and what no session is longer than.
  init(path: String, expected: DatasetManifest.Split, _ manifest: DatasetManifest) throws {
    let file = try SafetensorsFile(path: path)
    let targets = try file.array("target", as: Int32.self)
    let items = try file.array("items", as: Int32.self)
    let offsets = try file.array("offsets", as: Int64.self, shape: [targets.count + 1])
    let locales =
      manifest.isVersion1
      ? try DatasetVersion1.locales(of: file, sessions: targets.count)
      : try file.array("locale", as: UInt16.self, shape: [targets.count])
    func check(_ holds: Bool, _ reason: String) throws {
      if !holds { throw SessionsError.malformedDataset(path: path, reason: reason) }
    }
    let limit = Int32(clamping: manifest.items), longest = Int64(manifest.options.maxLength)
    let localeCount = manifest.localeCount, allowsNone = !manifest.isVersion1
    try check(offsets.first == 0 && offsets.last == Int64(items.count), "offsets do not span the items")
    try check(
      targets.count == expected.sessions && items.count == expected.clicks,
      "it has \(targets.count) sessions of \(items.count) clicks, not \(expected.sessions) of \(expected.clicks)")
    try check(
      offsets.withUnsafeBufferPointer { all in
        zip(all, all.dropFirst()).allSatisfy { begin, end in begin < end && end - begin <= longest }
      }, "offsets go back, or a session is empty or longer than \(longest)")
    try check(items.withUnsafeBufferPointer { $0.allSatisfy { $0 >= 1 && $0 <= limit } }, "an item is no row")
    try check(targets.withUnsafeBufferPointer { $0.allSatisfy { $0 >= 0 && $0 <= limit } }, "a target is no row")
    try check(
      locales.withUnsafeBufferPointer { codes in
        codes.allSatisfy { Int($0) < localeCount || (allowsNone && $0 == LocaleNames.none) }
      }, "a locale code is none")
    self.init(offsets: offsets, items: items, targets: targets, locales: locales)
  }
}
