/// The best items of each session of a chunk so far: a bounded heap a session, its worst item on top.
struct TopItems {
  /// How many items are kept.
  let limit: Int
  /// `[sessions, limit]`, heaps of keys: a greater key is a better item.
  private var keys: [UInt64]
  private var counts: [Int]
  /// What a score must exceed to get in: items are offered in rising order of their rows, so that of equal
  /// scores the one already there stays.
  private(set) var thresholds: [Float]

  init(sessions: Int, limit: Int) {
    self.limit = limit
    keys = [UInt64](repeating: 0, count: sessions * limit)
    counts = [Int](repeating: 0, count: sessions)
    thresholds = [Float](repeating: -.infinity, count: sessions)
  }

  mutating func removeAll() {
    for session in counts.indices {
      counts[session] = 0
      thresholds[session] = -.infinity
    }
  }

  /// Takes an item in if it is among the best.
  mutating func offer(_ item: Int32, score: Float, to session: Int) {
    guard score > thresholds[session] else { return }
    let key = Self.key(item, score: score)
    let start = session * limit
    let count = counts[session]
    keys.withUnsafeMutableBufferPointer { keys in
      let heap = UnsafeMutableBufferPointer(rebasing: keys[start..<start + limit])
      if count < limit { Self.rise(key, at: count, in: heap) } else { Self.sink(key, in: heap) }
    }
    if count < limit { counts[session] = count + 1 }
    if counts[session] == limit { thresholds[session] = Self.score(ofKey: keys[start]) }
  }

  /// The items of a session, best first; fewer than the limit where not as many were offered.
  func best(of session: Int) -> [Int32] {
    let start = session * limit
    return keys[start..<start + counts[session]].sorted(by: >).map(Self.item(ofKey:))
  }

  private static func rise(_ key: UInt64, at place: Int, in heap: UnsafeMutableBufferPointer<UInt64>) {
    var place = place
    while place > 0, heap[(place - 1) / 2] > key {
      heap[place] = heap[(place - 1) / 2]
      place = (place - 1) / 2
    }
    heap[place] = key
  }

  private static func sink(_ key: UInt64, in heap: UnsafeMutableBufferPointer<UInt64>) {
    var place = 0
    while true {
      var child = 2 * place + 1
      if child >= heap.count { break }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      if heap[child] >= key { break }
      heap[place] = heap[child]
      place = child
    }
    heap[place] = key
  }

  // The score's bits, made to rise with it, in the upper half; below them the row, falling.
  private static func key(_ item: Int32, score: Float) -> UInt64 {
    let bits = (score + 0).bitPattern  // -0 becomes 0: they are equal
    let rising = bits >> 31 == 1 ? ~bits : bits | 1 << 31
    return UInt64(rising) << 32 | UInt64(~UInt32(bitPattern: item))
  }

  private static func score(ofKey key: UInt64) -> Float {
    let rising = UInt32(key >> 32)
    return Float(bitPattern: rising >> 31 == 1 ? rising & ~(1 << 31) : ~rising)
  }

  private static func item(ofKey key: UInt64) -> Int32 { Int32(bitPattern: ~UInt32(key & 0xffff_ffff)) }
}
