/// Sessions of different lengths side by side, and what is asked about them: all clicks in one list, where each
/// session begins, and the queries.
///
/// A query is a prefix of a session: the clicks that a model sees when it is to find the item that follows them.
/// The plain case is one query a session, which sees all of its clicks. One lane's part of a global batch.
/// Reused from step to step: `clear` keeps the memory.
public struct RaggedBatch {
  /// Item rows of all clicks, session after session.
  public private(set) var items: [Int32] = []
  /// Where each session's clicks begin in `items`; one more entry than sessions.
  public private(set) var offsets: [Int32] = [0]
  /// Each session's position in the global batch: the address of its random numbers.
  public private(set) var positions: [Int32] = []

  /// For each query its session, by its number in this batch; queries of one session lie side by side.
  public private(set) var querySessions: [Int32] = []
  /// For each query how many clicks of its session it sees, at least one.
  public private(set) var queryLengths: [Int32] = []
  /// For each query the item row that follows what it sees; 0 where unknown.
  public private(set) var targets: [Int32] = []

  /// A batch without sessions.
  public init() {}

  /// The number of sessions.
  public var count: Int { positions.count }
  /// The number of queries: `count` where each session has one.
  public var queryCount: Int { targets.count }

  /// Forgets all sessions.
  public mutating func clear() {
    items.removeAll(keepingCapacity: true)
    offsets.removeAll(keepingCapacity: true)
    offsets.append(0)
    positions.removeAll(keepingCapacity: true)
    querySessions.removeAll(keepingCapacity: true)
    queryLengths.removeAll(keepingCapacity: true)
    targets.removeAll(keepingCapacity: true)
  }

  /// Adds a session with one query, which sees all of its clicks.
  /// - Precondition: it has at least one click.
  public mutating func append(_ clicks: some Collection<Int32>, target: Int32, position: Int) {
    appendClicks(clicks, position: position)
    appendQuery(seeing: clicks.count, target: target)
  }

  /// Adds a session with a query for each of its prefixes, the shortest first: each click from the second on is
  /// the target of those before it, and `target` that of all.
  /// - Precondition: it has at least one click.
  public mutating func appendAllPrefixes(of clicks: some Collection<Int32>, target: Int32, position: Int) {
    appendClicks(clicks, position: position)
    for (before, click) in clicks.enumerated().dropFirst() { appendQuery(seeing: before, target: click) }
    appendQuery(seeing: clicks.count, target: target)
  }

  private mutating func appendClicks(_ clicks: some Collection<Int32>, position: Int) {
    precondition(!clicks.isEmpty, "a session without clicks")
    items.append(contentsOf: clicks)
    offsets.append(Int32(items.count))
    positions.append(Int32(position))
  }

  private mutating func appendQuery(seeing clicks: Int, target: Int32) {
    querySessions.append(Int32(count - 1))
    queryLengths.append(Int32(clicks))
    targets.append(target)
  }

  /// The clicks of a session, as a range of `items`.
  public func clicks(of session: Int) -> Range<Int> { Int(offsets[session])..<Int(offsets[session + 1]) }

  /// The clicks that a query sees, as a range of `items`.
  public func clicks(seenBy query: Int) -> Range<Int> {
    let first = Int(offsets[Int(querySessions[query])])
    return first..<first + Int(queryLengths[query])
  }
}

// Filling from the sessions of a step.
extension RaggedBatch {
  /// How a batch holds sessions of which every prefix is asked about.
  public enum PrefixLayout: Sendable {
    /// Each session once; its prefixes are queries over the same clicks.
    case shared
    /// Each prefix as a session of its own, for models of which nothing can be shared.
    case apart
  }

  /// Which of a global batch's sessions are a lane's.
  static func positions(ofLane lane: Int, of lanes: Int, batch: Int) -> Range<Int> {
    lane * batch / lanes..<(lane + 1) * batch / lanes
  }

  /// Takes in one lane of a global batch; `targets` are then the lane's part of `BatchTargets`.
  ///
  /// A prefix that is a session of its own has the position p + b·B, where p is its session's, B the sessions of
  /// the global batch and b how many clicks it lacks: an address that no other has, whatever the lanes and ranks.
  /// - Parameters:
  ///   - batch: all sessions of the global batch, or prefixes where these are rows, by their number in `sessions`.
  ///   - lane: which of the `lanes` parts; parts differ by one session at most, and some are empty where there
  ///     are fewer sessions than lanes.
  ///   - rule: what is asked about each session.
  ///   - prefixes: how several queries of one session are held.
  public mutating func fill(
    with batch: ArraySlice<Int32>, lane: Int, of lanes: Int, from sessions: SessionTable,
    targets rule: TargetRule = .last, prefixes: PrefixLayout = .shared
  ) {
    clear()
    for position in Self.positions(ofLane: lane, of: lanes, batch: batch.count) {
      let number = batch[batch.startIndex + position]
      if rule == .prefixes {
        append(sessions.clicks(ofPrefix: number), target: sessions.target(ofPrefix: number), position: position)
        continue
      }
      let session = Int(number)
      let clicks = sessions.items(of: session), target = sessions.targets[session]
      switch (rule, prefixes) {
      case (.last, _), (.prefixes, _):
        append(clicks, target: target, position: position)
      case (.all, .shared):
        appendAllPrefixes(of: clicks, target: target, position: position)
      case (.all, .apart):
        for length in 1...clicks.count {
          let lacking = clicks.count - length
          append(
            clicks.prefix(length), target: lacking == 0 ? target : clicks[clicks.startIndex + length],
            position: position + lacking * batch.count)
        }
      }
    }
  }
}
