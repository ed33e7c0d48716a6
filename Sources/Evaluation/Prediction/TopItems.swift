/// The best items of each session of a chunk so far: a bounded heap a session, its worst item on top.
struct TopItems {
  /// How many items are kept.
  let limit: Int
  /// `[sessions, limit]`, heaps of `ItemKey`s.
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
    let key = ItemKey.key(item, score: score)
    let start = session * limit
    let count = counts[session]
    keys.withUnsafeMutableBufferPointer { keys in
      let heap = UnsafeMutableBufferPointer(rebasing: keys[start..<start + limit])
      if count < limit { Self.rise(key, at: count, in: heap) } else { Self.sink(key, in: heap) }
    }
    if count < limit { counts[session] = count + 1 }
    if counts[session] == limit { thresholds[session] = ItemKey.score(of: keys[start]) }
  }

  /// The items of a session, best first, as keys; fewer than the limit where not as many were offered.
  func best(of session: Int) -> [UInt64] {
    let start = session * limit
    return keys[start..<start + counts[session]].sorted(by: >)
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
}
