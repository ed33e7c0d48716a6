/// The targets of a global batch, in its order, and where each lane's begin: the same on every rank.
public struct BatchTargets {
  /// The target's row of the catalogue, for each query of each session.
  public let rows: [Int32]
  /// For each lane the place of its first target in `rows`.
  public let firstOfLane: [Int]

  package init(rows: [Int32], firstOfLane: [Int]) {
    self.rows = rows
    self.firstOfLane = firstOfLane
  }

  /// - Parameters:
  ///   - batch: the batch's sessions, or prefixes where these are rows, by their number in `sessions`.
  ///   - lanes: into how many parts the batch is cut: see `RaggedBatch.fill`.
  public init(_ rule: TargetRule, of batch: ArraySlice<Int32>, lanes: Int, from sessions: SessionTable) {
    var rows: [Int32] = [], first: [Int] = []
    for lane in 0..<lanes {
      first.append(rows.count)
      for position in RaggedBatch.positions(ofLane: lane, of: lanes, batch: batch.count) {
        let number = batch[batch.startIndex + position]
        if rule == .all { rows += sessions.items(of: Int(number)).dropFirst() }
        rows.append(rule == .prefixes ? sessions.target(ofPrefix: number) : sessions.targets[Int(number)])
      }
    }
    self.rows = rows
    firstOfLane = first
  }

  /// The places of some neighbouring lanes' targets in `rows`.
  package func places(ofLanes lanes: Range<Int>) -> Range<Int> {
    func start(_ lane: Int) -> Int { lane < firstOfLane.count ? firstOfLane[lane] : rows.count }
    return start(lanes.lowerBound)..<start(lanes.upperBound)
  }
}
