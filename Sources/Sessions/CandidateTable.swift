import Storage

/// Which items were seen in which locale, and how often: what candidates and popularity come from.
///
/// A sparse matrix with a row a locale, by its code, and behind the last a row for the sessions that have none. So it
/// takes the memory of what was seen, however many locales there are.
public struct CandidateTable: Sendable {
  static let fileName = "products.safetensors"

  /// Rows of the catalogue, the padding row counted.
  package let rows: Int
  /// `[L + 2]`: where each row of the matrix begins, and one place after the last.
  let offsets: MappedArray<Int64>
  /// Seen in any session of any split, answers included; rising within a row.
  let items: MappedArray<Int32>
  /// Occurrences in training sessions, answers included; 0 for an item that only other splits have.
  let trainCounts: MappedArray<Int32>

  /// - Precondition: the arrays belong together.
  init(rows: Int, offsets: MappedArray<Int64>, items: MappedArray<Int32>, trainCounts: MappedArray<Int32>) {
    precondition(
      offsets.count >= 2 && offsets.last == Int64(items.count) && items.count == trainCounts.count,
      "\(offsets.count) offsets to \(offsets.last ?? 0), \(items.count) items, \(trainCounts.count) counts")
    self.rows = rows
    self.offsets = offsets
    self.items = items
    self.trainCounts = trainCounts
  }

  /// A catalogue of which nothing was seen anywhere.
  package init(rows: Int) { self.init(rows: rows, seen: []) }

  /// What was seen in each locale, rising, and never counted.
  package init(rows: Int, seen: [[Int32]]) {
    let offsets = seen.reduce(into: [Int64(0)]) { $0.append($0[$0.count - 1] + Int64($1.count)) }
    let items = seen.flatMap { $0 }
    self.init(
      rows: rows, offsets: MappedArray(offsets + [Int64(items.count)]), items: MappedArray(items),
      trainCounts: MappedArray([Int32](repeating: 0, count: items.count)))
  }

  /// The number of locales.
  var localeCount: Int { offsets.count - 2 }

  /// Where what was seen in a locale stands, or with `LocaleNames.none` what sessions without one have.
  private func places(of code: UInt16) -> Range<Int> {
    let row = code == LocaleNames.none ? localeCount : Int(code)
    return Int(offsets[row])..<Int(offsets[row + 1])
  }

  /// How many items were seen in a locale; 0 for `LocaleNames.none`.
  package func itemCount(in code: UInt16) -> Int { code < localeCount ? places(of: code).count : 0 }

  /// The items that were seen in a locale, and how often in its training sessions, in the order of their rows.
  package func seen(in code: UInt16) -> some Sequence<(item: Int32, trainCount: Int32)> {
    places(of: code).lazy.map { (items[$0], trainCounts[$0]) }
  }

  /// How often an item occurs in the training sessions of a locale.
  public func trainCount(of item: Int32, in code: UInt16) -> Int {
    let places = places(of: code), place = items.firstPlace(notBelow: item, in: places)
    return place < places.upperBound && items[place] == item ? Int(trainCounts[place]) : 0
  }

  /// How often each row of the catalogue occurs in all training sessions: `[V + 1]`.
  package func trainCountsEverywhere() -> [Int] {
    var counts = [Int](repeating: 0, count: rows)
    for (item, count) in zip(items, trainCounts) { counts[Int(item)] += Int(count) }
    return counts
  }

  /// Which rows of the catalogue occur in the training sessions of some locales, padding never: `[V + 1]`.
  /// - Parameter locales: by their codes; nil for all sessions.
  public func rowsSeenInTraining(of locales: Set<UInt16>?) -> [Bool] {
    var isSeen = [Bool](repeating: false, count: rows)
    func see(_ places: Range<Int>) {
      for place in places where trainCounts[place] > 0 { isSeen[Int(items[place])] = true }
    }
    guard let locales else {
      see(0..<items.count)
      return isSeen
    }
    for code in locales { see(places(of: code)) }
    return isSeen
  }

  /// The items seen in at least one of the locales, in the order of their rows.
  public func items(in locales: Set<UInt16>) -> [Int32] {
    var isSeen = [Bool](repeating: false, count: rows)
    for code in locales { for place in places(of: code) { isSeen[Int(items[place])] = true } }
    return (1..<Int32(rows)).filter { isSeen[Int($0)] }
  }

  /// The items of the training sessions of a locale, most frequent first; of equals the lower row first.
  public func mostPopular(in code: UInt16, limit: Int? = nil) -> [Int32] {
    let seen = seen(in: code).filter { $0.trainCount > 0 }.sorted {
      $0.trainCount == $1.trainCount ? $0.item < $1.item : $0.trainCount > $1.trainCount
    }
    return seen.prefix(limit ?? seen.count).map(\.item)
  }
}

// Its file.
extension CandidateTable {
  init(path: String, _ manifest: DatasetManifest) throws {
    let file = try SafetensorsFile(path: path)
    if manifest.isVersion1 {
      self = try DatasetVersion1.products(of: file, itemCount: manifest.items)
      return
    }
    let offsets = try file.array("offsets", as: Int64.self, shape: [manifest.localeCount + 2])
    let items = try file.array("items", as: Int32.self)
    let trainCounts = try file.array("train_count", as: Int32.self, shape: [items.count])
    func check(_ holds: Bool, _ reason: String) throws {
      if !holds { throw SessionsError.malformedDataset(path: path, reason: reason) }
    }
    let limit = Int32(manifest.items)
    try check(offsets.first == 0 && offsets.last == Int64(items.count), "offsets do not span the items")
    try check(zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 }, "offsets go back")
    try check(items.allSatisfy { (1...limit).contains($0) }, "an item is no row")
    try check(
      zip(offsets, offsets.dropFirst()).allSatisfy { start, end in
        let seen = items[Int(start)..<Int(end)]
        return zip(seen, seen.dropFirst()).allSatisfy { $0 < $1 }
      }, "items of a locale are not in order")
    try check(trainCounts.allSatisfy { $0 >= 0 }, "a count is negative")
    self.init(rows: manifest.items + 1, offsets: offsets, items: items, trainCounts: trainCounts)
  }

  /// What is written of it.
  var tensors: [SafetensorsTensor] {
    [
      SafetensorsTensor(name: "offsets", array: Array(offsets)),
      SafetensorsTensor(name: "items", array: Array(items)),
      SafetensorsTensor(name: "train_count", array: Array(trainCounts)),
    ]
  }

  /// Counts what the sessions of some splits have.
  /// - Throws: `SessionsError.tooManyItems`.
  init(rows: Int, localeCount: Int, _ splits: [(DatasetSplit, SessionCollector)]) throws {
    var counter = SparseCounter(columns: rows)
    let parts = splits.map { split, sessions in
      (
        sessions, order: SessionOrder(codes: sessions.locales, localeCount: localeCount),
        weight: split == .train ? 1 : 0
      )
    }
    for row in 0...localeCount {
      for (sessions, order, weight) in parts {
        for session in order.sessions(ofRow: row) {
          let target = sessions.targets[Int(session)]
          for item in sessions.items(of: Int(session)) { counter.add(item, Int64(weight)) }
          if target != 0 { counter.add(target, Int64(weight)) }
        }
      }
      counter.endRow()
    }
    guard counter.counts.allSatisfy({ $0 <= Int64(Int32.max) }) else { throw SessionsError.tooManyItems }
    self.init(
      rows: rows, offsets: MappedArray(counter.offsets), items: MappedArray(counter.columns),
      trainCounts: MappedArray(counter.counts.map { Int32($0) }))
  }
}
