import MPI
import Sessions

/// How often each item was followed by, or seen near, which others: a sparse matrix by rows.
package struct TransitionCounts: Equatable, Sendable {
  /// What counts, and for how much.
  package let rule: TransitionRule
  /// `[items + 2]`: what followed item `i` stands at `offsets[i] ..< offsets[i + 1]`.
  package let offsets: [Int64]
  /// `[pairs]`: the items that followed, rising for each item.
  package let next: [Int32]
  /// `[pairs]`: how often, from 1, in the rule's weights.
  package let counts: [Int64]

  /// Rows of the catalogue, the padding row counted.
  package var rows: Int { offsets.count - 1 }

  /// - Precondition: the arrays belong together.
  package init(_ rule: TransitionRule, offsets: [Int64], next: [Int32], counts: [Int64]) {
    precondition(
      next.count == counts.count && offsets.last == Int64(next.count),
      "\(offsets.count) offsets to \(offsets.last ?? 0), \(next.count) items and \(counts.count) counts")
    self.rule = rule
    self.offsets = offsets
    self.next = next
    self.counts = counts
  }

  /// Counts the transitions of some sessions, each rank its share of them; collective. Once a signal asks to stop,
  /// sessions are left out: see `StopSignal.check`, which whoever uses the counts calls first.
  /// - Parameters:
  ///   - rule: which pairs count.
  ///   - sessions: the same on every rank.
  ///   - selection: which sessions count, by their numbers.
  ///   - includesTargets: whether the last click's transition to the answer counts, too.
  ///   - rows: of the catalogue, padding counted.
  /// - Returns: the same on every rank, and on any number of ranks.
  package static func count(
    _ rule: TransitionRule, in sessions: SessionTable, selection: [Int32], includesTargets: Bool, rows: Int,
    group: any ProcessGroup
  ) throws(MPIError) -> TransitionCounts {
    var counter = TransitionCounter()
    for session in selection[group.share(of: selection.count)] {
      if StopSignal.received != 0 { break }
      var clicks = Array(sessions.items(of: Int(session)))
      let target = sessions.targets[Int(session)]
      if includesTargets, target != 0 { clicks.append(target) }
      rule.forEachPair(of: clicks) { counter.add($0, next: $1, weight: $2) }
    }
    return TransitionCounts(rule, try group.sum(counter.finish(), rows: rows), rows: rows)
  }

  /// Where the items that followed `item` stand in `next` and `counts`.
  package func followers(of item: Int32) -> Range<Int> {
    Int(offsets[Int(item)])..<Int(offsets[Int(item) + 1])
  }

  /// The sum with other counts over the same catalogue.
  package func adding(_ other: TransitionCounts) -> TransitionCounts {
    precondition(
      rows == other.rows && rule == other.rule,
      "transitions over \(rows) and \(other.rows) rows, \(rule) and \(other.rule)")
    return TransitionCounts(rule, pairs.merged(with: other.pairs), rows: rows)
  }

  private init(_ rule: TransitionRule, _ pairs: PairRun, rows: Int) {
    var offsets = [Int64](repeating: 0, count: rows + 1)
    for key in pairs.keys { offsets[Int(PairRun.item(ofKey: key)) + 1] += 1 }
    for row in 0..<rows { offsets[row + 1] += offsets[row] }
    self.init(rule, offsets: offsets, next: pairs.keys.map(PairRun.next), counts: pairs.counts)
  }

  private var pairs: PairRun {
    let keys = (0..<Int32(rows)).flatMap { item in
      followers(of: item).map { PairRun.key(item, next: next[$0]) }
    }
    return PairRun(keys: keys, counts: counts)
  }
}

extension ProcessGroup {
  /// This rank's contiguous share of `count` things.
  func share(of count: Int) -> Range<Int> { rank * count / size..<(rank + 1) * count / size }

  /// The sum of every rank's pairs, on every rank; collective.
  ///
  /// Each rank first adds up the pairs of its own range of items, so that no rank merges what all have found.
  func sum(_ own: PairRun, rows: Int) throws(MPIError) -> PairRun {
    if size == 1 { return own }
    var outgoing = [Int](repeating: 0, count: size)
    for key in own.keys { outgoing[Int(PairRun.item(ofKey: key)) * size / rows] += 1 }
    let incoming = try exchangeCounts(outgoing)
    let keys = try allToAll(own.keys, counts: outgoing, receiveCounts: incoming)
    let counts = try allToAll(own.counts, counts: outgoing, receiveCounts: incoming)
    var runs: [PairRun] = [], start = 0
    for length in incoming {
      let range = start..<start + length
      runs.append(PairRun(keys: Array(keys[range]), counts: Array(counts[range])))
      start += length
    }
    let merged = PairRun.merging(runs)
    // The ranges of items rise with the ranks: one behind the other they are in order.
    return PairRun(keys: try allGather(merged.keys).all, counts: try allGather(merged.counts).all)
  }
}
