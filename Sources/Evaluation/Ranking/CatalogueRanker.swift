import MPI
import Sessions
import Tensors

/// Finds the rank of each session's target among its candidates, by counting those that come before it.
///
/// Higher scores come first, of equal ones the lower row. Nothing is sorted, and the scores of one tile of the
/// catalogue are all that a thread has at a time. Each rank counts among the rows that it scores.
package final class CatalogueRanker {
  private let scorer: any CatalogueScorer
  private let candidates: Candidates
  private let filterSeen: Bool
  private let team: ThreadTeam

  /// - Parameter filterSeen: whether a session's own items are no candidates.
  package init(_ scorer: any CatalogueScorer, candidates: Candidates, filterSeen: Bool, team: ThreadTeam) {
    precondition(
      candidates.membership.count == scorer.share.catalogueRows,
      "candidates of \(candidates.membership.count) rows for a catalogue of \(scorer.share.catalogueRows)")
    self.scorer = scorer
    self.candidates = candidates
    self.filterSeen = filterSeen
    self.team = team
  }

  /// The ranks of the targets in this rank's chunks; collective over the scorer's holders.
  /// - Parameter round: which the scorer has taken in.
  /// - Returns: for each session its target's rank, from 1; 0 where the target is no candidate; -row for a row of the
  ///   catalogue whose score is not finite.
  package func ranks(of round: SessionRound) throws(MPIError) -> [Int32] {
    let chunks = round.chunks.map { RankedChunk($0, candidates, filterSeen: filterSeen, rows: scorer.share.rows) }
    let singles = team.map(chunks.count) { thread, chunk in
      scorer.scores(of: chunks[chunk].singles, chunk: chunk, thread: thread)
    }
    let targetScores = try targetScores(chunks, singles)
    let counts = team.map(chunks.count) { thread, chunk in
      count(chunks[chunk], singles[chunk], targetScores[chunk], chunk: chunk, thread: thread)
    }
    let holders = scorer.share.holders
    let above = try holders.ownPart(counts.flatMap(\.above), .sum)
    let notFinite = try holders.ownPart(counts.flatMap(\.notFinite), .minimum)
    return round.own.flatMap { number -> [Int32] in
      let chunk = chunks[number], first = (number - round.own.lowerBound) * SessionChunks.size
      return (0..<chunk.sessions).map { session in
        let row = notFinite[first + session]
        return row != .max ? -row : chunk.isMiss[session] ? 0 : above[first + session] + 1
      }
    }
  }

  /// The score of every target, from the rank that scores its row: by chunks, 0 for the columns that only fill one.
  private func targetScores(_ chunks: [RankedChunk], _ singles: [[Float]]) throws(MPIError) -> [[Float]] {
    var bits = [UInt32](repeating: 0, count: chunks.count * SessionChunks.size)
    for (number, chunk) in chunks.enumerated() {
      for (pair, score) in zip(chunk.singles, singles[number]) where chunk.targets[pair.session] == pair.item {
        bits[number * SessionChunks.size + pair.session] = score.bitPattern
      }
    }
    // Of each there is one: a sum of bit patterns is the pattern.
    try scorer.share.holders.sum(&bits)
    return chunks.indices.map { number in
      bits[number * SessionChunks.size..<(number + 1) * SessionChunks.size].map { Float(bitPattern: $0) }
    }
  }

  /// Counts among this rank's rows.
  /// - Returns: for each column how many candidates come before the target, and the lowest row whose score is not
  ///   finite, or the largest number.
  private func count(
    _ chunk: RankedChunk, _ singles: [Float], _ targetScores: [Float], chunk number: Int, thread: Int
  ) -> (above: [Int32], notFinite: [Int32]) {
    var above = [Int32](repeating: 0, count: SessionChunks.size)
    var notFinite = [Int32](repeating: .max, count: SessionChunks.size)
    if chunk.sessions == 0 { return (above, notFinite) }
    var check = ScoreCheck(largestScore: scorer.largestScore(chunk: number), sessions: chunk.sessions)
    for tile in scorer.share.tiles {
      let scores = scorer.scores(of: tile, chunk: number, thread: thread)
      check.look(at: scores, firstRow: tile.lowerBound)
      scores.countAbove(
        firstRow: tile.lowerBound, membership: candidates.membership, allowed: chunk.allowed,
        targetLogits: targetScores, targets: chunk.targets, above: &above)
    }
    // A session's own items were counted with all others, and are taken out. A target is not before itself.
    for (pair, score) in zip(chunk.singles, singles) {
      let target = targetScores[pair.session]
      if score > target || (score == target && pair.item < chunk.targets[pair.session]) { above[pair.session] -= 1 }
    }
    for (session, row) in check.rows.enumerated() where row > 0 { notFinite[session] = row }
    return (above, notFinite)
  }
}

extension ProcessGroup {
  /// Combines numbers of all ranks and gives each rank its part, of which all have the same length; collective.
  fileprivate func ownPart(_ values: [Int32], _ operation: ReductionOperator) throws(MPIError) -> [Int32] {
    var own = [Int32](repeating: 0, count: values.count / size)
    try values.withUnsafeBufferPointer { (values) throws(MPIError) in
      try own.withUnsafeMutableBufferPointer { (own) throws(MPIError) in
        try reduceScatter(values, counts: .init(repeating: own.count, count: size), into: own, operation)
      }
    }
    return own
  }
}
