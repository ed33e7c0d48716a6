/// A batch's clicks in the order in which a recurrent layer eats them: the first click of every session, then
/// the second of those that have one, …; within a step, longer sessions come first.
public struct TimeMajorOrder {
  /// The item row of each click.
  public let items: [Int32]
  /// For each click, its session's position in the global batch.
  public let sessions: [Int32]
  /// For each click, its place in the session, from 0.
  public let times: [Int32]
  /// How many sessions have a click at each step.
  public let alive: [Int32]
  /// For each click of the batch, session after session, its row in this order.
  public let rows: [Int32]
  /// For each query in the batch's order, the row of the last click that it sees.
  public let lastRows: [Int32]

  /// Step after step, longer sessions first and equal ones in the batch's order.
  public init(_ batch: RaggedBatch) {
    let lengths = (0..<batch.count).map { batch.clicks(of: $0).count }
    let longest = lengths.max() ?? 0
    // A counting sort by falling length keeps equals in order and needs no comparison.
    var ofLength = [[Int]](repeating: [], count: longest + 1)
    for (session, length) in lengths.enumerated() { ofLength[length].append(session) }
    let order = ofLength.reversed().flatMap { $0 }

    var items: [Int32] = [], sessions: [Int32] = [], times: [Int32] = [], alive: [Int32] = []
    var rows = [Int32](repeating: 0, count: batch.items.count)
    var remaining = order.count
    for time in 0..<longest {
      while lengths[order[remaining - 1]] <= time { remaining -= 1 }
      for session in order[..<remaining] {
        let click = batch.clicks(of: session).lowerBound + time
        rows[click] = Int32(items.count)
        items.append(batch.items[click])
        sessions.append(batch.positions[session])
        times.append(Int32(time))
      }
      alive.append(Int32(remaining))
    }
    self.items = items
    self.sessions = sessions
    self.times = times
    self.alive = alive
    self.rows = rows
    lastRows = (0..<batch.queryCount).map { rows[batch.clicks(seenBy: $0).upperBound - 1] }
  }
}
