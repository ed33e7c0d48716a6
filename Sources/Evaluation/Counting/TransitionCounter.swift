/// Adds up weighted pairs of an item and another, in memory that grows with the different pairs, not with the clicks.
struct TransitionCounter {
  /// Pairs that wait to be sorted: 16 MiB.
  private static let bufferSize = 1 << 20

  private var buffer: [(key: UInt64, weight: Int32)] = []
  /// Sorted runs, each more than twice as long as the next: a pair is merged a few times only.
  private var runs: [PairRun] = []

  mutating func add(_ item: Int32, next: Int32, weight: Int32) {
    buffer.append((PairRun.key(item, next: next), weight))
    if buffer.count == Self.bufferSize { sortBuffer() }
  }

  /// All pairs so far.
  mutating func finish() -> PairRun {
    sortBuffer()
    return PairRun.merging(runs)
  }

  private mutating func sortBuffer() {
    runs.append(PairRun(adding: buffer))
    buffer.removeAll(keepingCapacity: true)
    while runs.count > 1, runs[runs.count - 2].keys.count <= 2 * runs[runs.count - 1].keys.count {
      let last = runs.removeLast()
      runs[runs.count - 1] = runs[runs.count - 1].merged(with: last)
    }
  }
}

/// Different pairs in rising order of (item, next), and the sum of each one's weights.
struct PairRun: Equatable, Sendable {
  private(set) var keys: [UInt64] = []
  private(set) var counts: [Int64] = []

  /// A pair as one number: its order is that of (item, next).
  static func key(_ item: Int32, next: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: item)) << 32 | UInt64(UInt32(bitPattern: next))
  }

  static func item(ofKey key: UInt64) -> Int32 { Int32(bitPattern: UInt32(key >> 32)) }
  static func next(ofKey key: UInt64) -> Int32 { Int32(bitPattern: UInt32(key & 0xffff_ffff)) }

  /// - Parameter keys: rising, each once; `counts` beside them.
  init(keys: [UInt64], counts: [Int64]) {
    precondition(keys.count == counts.count, "\(keys.count) pairs, \(counts.count) counts")
    self.keys = keys
    self.counts = counts
  }

  /// - Parameter pairs: rising, some of them several times.
  init(summing pairs: [(key: UInt64, count: Int64)]) { for (key, count) in pairs { append(key, count) } }

  /// - Parameter occurrences: in any order.
  init(adding occurrences: [(key: UInt64, weight: Int32)]) {
    for (key, weight) in occurrences.sorted(by: { $0.key < $1.key }) { append(key, Int64(weight)) }
  }

  /// The sum of some runs: the same in any order, for integers are added.
  static func merging(_ runs: [PairRun]) -> PairRun {
    guard runs.count > 1 else { return runs.first ?? PairRun(adding: []) }
    let middle = runs.count / 2
    return merging(Array(runs[..<middle])).merged(with: merging(Array(runs[middle...])))
  }

  func merged(with other: PairRun) -> PairRun {
    var result = PairRun(adding: [])
    result.keys.reserveCapacity(keys.count + other.keys.count)
    result.counts.reserveCapacity(keys.count + other.keys.count)
    var mine = 0, theirs = 0
    while mine < keys.count || theirs < other.keys.count {
      if theirs == other.keys.count || (mine < keys.count && keys[mine] <= other.keys[theirs]) {
        result.append(keys[mine], counts[mine])
        mine += 1
      } else {
        result.append(other.keys[theirs], other.counts[theirs])
        theirs += 1
      }
    }
    return result
  }

  private mutating func append(_ key: UInt64, _ count: Int64) {
    if keys.last == key {
      counts[counts.count - 1] += count
    } else {
      keys.append(key)
      counts.append(count)
    }
  }
}
