/// What each member of a blend gives to the items that decide where some sessions' targets rank: those that any member
/// has near its top, and the targets. From it ranks are found for any weights without scoring the catalogue again.
///
/// A rank is exact as long as the target comes before all that no member has near its top; one further down than the
/// members' lists are long may be worse than it is found to be.
package struct BlendCandidates: Equatable, Sendable {
  /// How many members the blend has.
  package let members: Int
  /// `[sessions + 1]`: where the items of each session begin, and one place after the last.
  private var starts: [Int] = [0]
  /// Rising within a session.
  private var items: [Int32] = []
  /// `[items, members]`.
  private var scores: [Float] = []
  /// `[sessions]`: the place of the target among `items`; nil where it is no candidate.
  private var targets: [Int?] = []

  package init(members: Int) { self.members = members }

  /// Sessions.
  package var count: Int { targets.count }

  /// Adds a session.
  /// - Parameters:
  ///   - items: rising.
  ///   - scores: `[items, members]`.
  ///   - target: nil where it is no candidate, otherwise among the items.
  package mutating func append(items: [Int32], scores: [Float], target: Int32?) {
    precondition(scores.count == items.count * members, "\(scores.count) scores of \(items.count) items")
    targets.append(target.flatMap { items.firstIndex(of: $0) }.map { self.items.count + $0 })
    self.items += items
    self.scores += scores
    starts.append(self.items.count)
  }

  /// Adds the sessions of others.
  mutating func append(_ others: BlendCandidates) {
    precondition(others.members == members, "scores of \(others.members) and \(members) members")
    let first = items.count
    items += others.items
    scores += others.scores
    starts += others.starts.dropFirst().map { first + $0 }
    targets += others.targets.map { $0.map { first + $0 } }
  }

  /// The same with every score's root.
  package func taking(_ power: BlendPower) -> BlendCandidates {
    var rooted = self
    rooted.scores = scores.map(power.callAsFunction)
    return rooted
  }

  /// How many targets have each rank from 1 to a cut-off if every score is multiplied with its member's weight: the
  /// ranks that `BlendScorer` would give them.
  /// - Parameter weights: of each member.
  /// - Returns: `[cutoff + 1]`; of rank 0, which stands for all others, there are none.
  package func ranks(_ weights: [Float], upTo cutoff: Int) -> [Int] {
    precondition(weights.count == members, "\(weights.count) weights of \(members) members")
    var counts = [Int](repeating: 0, count: cutoff + 1)
    scores.withUnsafeBufferPointer { scores in
      // In the order in which a BlendScorer adds, for the same bits.
      func score(_ place: Int) -> Float {
        var sum: Float = 0
        for member in 0..<members { sum += weights[member] * scores[place * members + member] }
        return sum
      }
      for (session, target) in targets.enumerated() {
        guard let target else { continue }
        let bar = score(target)
        var rank = 1
        for place in starts[session]..<starts[session + 1] where rank <= cutoff {
          let found = score(place)
          if found > bar || (found == bar && place < target) { rank += 1 }
        }
        if rank <= cutoff { counts[rank] += 1 }
      }
    }
    return counts
  }
}
