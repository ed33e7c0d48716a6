import MPI
import Sessions
import Tensors

/// Adds up the scores of several scorers, each times its weight: Σ weight · score^power, from the first to the last.
package final class BlendScorer: CatalogueScorer {
  /// One scorer and what it counts for.
  package typealias Part = (scorer: any CatalogueScorer, weight: Float)

  package let share: CatalogueShare
  private let parts: [Part]
  private let power: BlendPower
  private var sums: [TileScores] = []

  /// - Parameters:
  ///   - parts: at least one, all over the same catalogue; those that do not score all of it share it out alike.
  ///   - power: other than 1 for scores from 0 up.
  package init(_ parts: [Part], power: BlendPower = .one) {
    let shares = parts.map(\.scorer.share)
    precondition(Set(shares.map(\.catalogueRows)).count == 1, "parts of a blend over different catalogues")
    self.parts = parts
    self.power = power
    // What scores all of the catalogue scores any part of it.
    let share = shares.first { $0.holders.size > 1 } ?? shares[0]
    precondition(
      shares.allSatisfy { $0.holders.size == 1 || $0.holders === share.holders },
      "parts of a blend that ranks share out in different ways")
    self.share = share
  }

  package func begin(_ round: SessionRound, _ team: ThreadTeam) throws(MPIError) {
    while sums.count < team.count { sums.append(TileScores()) }
    for part in parts { try part.scorer.begin(round, team) }
  }

  package func scores(of rows: Range<Int>, chunk: Int, thread: Int) -> Tensor {
    add(rows.count, thread) { $0.scores(of: rows, chunk: chunk, thread: thread) }
  }

  package func scores(of rows: ArraySlice<Int32>, chunk: Int, thread: Int) -> Tensor {
    add(rows.count, thread) { $0.scores(of: rows, chunk: chunk, thread: thread) }
  }

  /// Infinite or no number where a part's is, or the sum might be.
  package func largestScore(chunk: Int) -> Float {
    parts.reduce(0) { $0 + abs($1.weight) * power($1.scorer.largestScore(chunk: chunk)) }
  }

  private func add(_ rows: Int, _ thread: Int, _ scores: (any CatalogueScorer) -> Tensor) -> Tensor {
    let total = sums[thread].tile.rows(0..<rows)
    total.elements.update(repeating: 0)
    for (scorer, weight) in parts {
      let elements = scores(scorer).elements, into = total.elements
      for _ in 0..<power.squareRoots {
        for place in elements.indices { elements[place] = elements[place].squareRoot() }
      }
      for place in into.indices { into[place] += weight * elements[place] }
    }
    return total
  }
}
