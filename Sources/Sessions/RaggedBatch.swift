/// Sessions of different lengths side by side: all clicks in one list, and where each session begins.
///
/// One lane's part of a global batch. Reused from step to step: `clear` keeps the memory.
public struct RaggedBatch {
  /// Item rows of all clicks, session after session.
  public private(set) var items: [Int32] = []
  /// Where each session's clicks begin in `items`; one more entry than sessions.
  public private(set) var offsets: [Int32] = [0]
  /// The item row that follows each session; 0 where unknown.
  public private(set) var targets: [Int32] = []
  /// Each session's position in the global batch: the address of its random numbers.
  public private(set) var positions: [Int32] = []

  public init() {}

  /// The number of sessions.
  public var count: Int { targets.count }

  /// Forgets all sessions.
  public mutating func clear() {
    items.removeAll(keepingCapacity: true)
    offsets.removeAll(keepingCapacity: true)
    offsets.append(0)
    targets.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
  }

  /// Adds a session.
  /// - Precondition: it has at least one click.
  public mutating func append(_ clicks: some Collection<Int32>, target: Int32, position: Int) {
    precondition(!clicks.isEmpty, "a session without clicks")
    items.append(contentsOf: clicks)
    offsets.append(Int32(items.count))
    targets.append(target)
    positions.append(Int32(position))
  }

  /// The clicks of a session, as a range of `items`.
  public func clicks(of session: Int) -> Range<Int> { Int(offsets[session])..<Int(offsets[session + 1]) }

  /// Which of a global batch's sessions are a lane's.
  static func positions(ofLane lane: Int, of lanes: Int, batch: Int) -> Range<Int> {
    lane * batch / lanes..<(lane + 1) * batch / lanes
  }

  /// Takes in one lane of a global batch.
  /// - Parameters:
  ///   - batch: all sessions of the global batch, by their number in `sessions`.
  ///   - lane: which of the `lanes` parts; parts differ by one session at most, and some are empty where there
  ///     are fewer sessions than lanes.
  public mutating func fill(
    with batch: ArraySlice<Int32>, lane: Int, of lanes: Int, from sessions: SessionTable
  ) {
    clear()
    for position in Self.positions(ofLane: lane, of: lanes, batch: batch.count) {
      let session = Int(batch[batch.startIndex + position])
      append(sessions.items(of: session), target: sessions.targets[session], position: position)
    }
  }
}
