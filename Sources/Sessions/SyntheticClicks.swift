import Randomness
import Storage

/// Writes synthetic sessions as a click log in the shape of GRU4Rec's authors, `SessionId ItemId Time`, in the order of
/// the clicks: rows of many sessions lie among one another.
package enum SyntheticClicks {
  /// 1 April 2014, in seconds, and how long the log goes on.
  private static let begin = 1_396_310_400
  private static let duration = 30 * 86_400
  /// Seconds from one click of a session to the next, at most.
  private static let longestPause: UInt64 = 120
  /// `SyntheticShop` counts the streams of sessions from 0 and those of items from 2^48.
  private static let firstTimeStream: UInt64 = 1 << 49

  /// What was made up.
  package struct Summary: Sendable {
    package var path: String
    package var sessions: Int
    package var clicks: Int
    package var seconds: Double
  }

  /// Makes the file; the test fraction means nothing here.
  /// - Parameter progress: called now and then with the number of sessions so far.
  /// - Throws: `SessionsError.invalidOption` or a `StorageError`; no file is left half-written.
  package static func write(_ options: SynthesisOptions, progress: (Int) -> Void = { _ in }) throws -> Summary {
    try options.validate()
    let start = ContinuousClock.now
    let path = joined(options.out, "clicks.tsv")
    try SyntheticSessions.makeFolder(options.out)
    try OutputPlace.check(path, replaces: options.replacesExisting, inputs: [])
    let file = try BufferedFile(path: path)
    try file.append("SessionId\tItemId\tTime\n")
    let shop = SyntheticShop(itemCount: options.items, locales: options.locales.inOrder, seed: options.seed)
    var pending = ClickQueue(), items: [Int32] = [], clicks = 0
    func write(before time: Int) throws {
      while let click = pending.popFirst(before: time) {
        try file.append("\(click.session + 1)\t\(click.item + 1)\t\(click.time)\n")
        clicks += 1
      }
    }
    for session in 0..<options.sessions {
      var time = begin + Int(Double(duration) * Double(session) / Double(options.sessions))
      try write(before: time)
      _ = shop.visit(number: session, items: &items)
      var pauses = RandomStream(
        seed: options.seed, purpose: .synthesis, index: firstTimeStream + UInt64(session))
      for item in items {
        pending.insert(ClickQueue.Click(time: time, session: session, item: item))
        time += 1 + Int(pauses.below(longestPause))
      }
      if session % 16_384 == 0 { progress(session) }
    }
    try write(before: .max)
    try file.commit()
    return Summary(
      path: path, sessions: options.sessions, clicks: clicks, seconds: (ContinuousClock.now - start) / .seconds(1))
  }
}

/// Clicks that are still to be written, the earliest first: a binary heap.
private struct ClickQueue {
  struct Click: Comparable {
    let time: Int
    let session: Int
    let item: Int32

    static func < (a: Click, b: Click) -> Bool { (a.time, a.session) < (b.time, b.session) }
  }

  private var heap: [Click] = []

  mutating func insert(_ click: Click) {
    heap.append(click)
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func popFirst(before time: Int) -> Click? {
    guard let first = heap.first, first.time < time else { return nil }
    let last = heap.removeLast()
    if heap.isEmpty { return first }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == parent { return first }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
