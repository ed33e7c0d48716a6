import Catalogue
import MPI
import Sessions
import Tensors

/// Turns scores into probabilities: softmax over the whole catalogue, whatever the candidates are.
///
/// The catalogue is walked once for the normalisers when a round begins, and again when its tiles are asked for.
/// Scores over a temperature come from a scorer whose table is divided by it.
package final class SoftmaxScorer: CatalogueScorer {
  private let logits: any CatalogueScorer
  private let tree: NormaliserTree
  /// log₂ Σ exp(logit) of each session of the round.
  private var log2Normalisers: [Float] = []
  /// 1, or NaN for a session with a logit that is not finite.
  private var scales: [Float] = []

  /// - Parameter logits: scores every item of the catalogue.
  package init(_ logits: any CatalogueScorer) {
    self.logits = logits
    tree = NormaliserTree(logits.share.layout, holders: logits.share.holders)
  }

  package var share: CatalogueShare { logits.share }

  package func begin(_ round: SessionRound, _ team: ThreadTeam) throws(MPIError) {
    try logits.begin(round, team)
    let chunks = team.map(round.chunks.count) { thread, chunk in
      tree.ownNodes(sumsOfStripes(chunk, sessions: round.chunks[chunk].count, thread))
    }
    let nodes = chunks[0].indices.map { node in
      ExponentialSums(
        references: chunks.flatMap { $0[node].references }, sums: chunks.flatMap { $0[node].sums })
    }
    let total = try tree.total(nodes, sessions: chunks.count * SessionChunks.size)
    log2Normalisers = zip(total.references, total.sums).map { Float(Tensor.log2Normaliser(reference: $0, sum: $1)) }
    // The exponential makes numbers of what is none: where a logit is not finite, no probability of the session is.
    scales = log2Normalisers.map { $0.isFinite ? 1 : .nan }
  }

  /// For each stripe of this rank what its tiles add up to, one after the other; NaN for the sessions that have a logit
  /// there that is not finite.
  private func sumsOfStripes(_ chunk: Int, sessions: Int, _ thread: Int) -> [ExponentialSums] {
    share.stripes.map { stripe in
      var references = [Float](repeating: -.infinity, count: SessionChunks.size)
      var sums = [Double](repeating: 0, count: SessionChunks.size)
      if sessions == 0 { return ExponentialSums(references: references, sums: sums) }
      var check = ScoreCheck(largestScore: logits.largestScore(chunk: chunk), sessions: sessions)
      for tile in share.layout.tiles(ofStripe: stripe) {
        let scores = logits.scores(of: tile, chunk: chunk, thread: thread)
        check.look(at: scores, firstRow: tile.lowerBound)
        scores.foldSoftmax(reference: &references, sum: &sums)
      }
      for (session, row) in check.rows.enumerated() where row > 0 { sums[session] = .nan }
      return ExponentialSums(references: references, sums: sums)
    }
  }

  package func scores(of rows: Range<Int>, chunk: Int, thread: Int) -> Tensor {
    probabilities(logits.scores(of: rows, chunk: chunk, thread: thread), chunk)
  }

  package func scores(of rows: ArraySlice<Int32>, chunk: Int, thread: Int) -> Tensor {
    probabilities(logits.scores(of: rows, chunk: chunk, thread: thread), chunk)
  }

  /// Probabilities do not exceed 1 by more than rounding, if the exponents of their logits fit.
  package func largestScore(chunk: Int) -> Float { logits.largestScore(chunk: chunk) < 1e37 ? 2 : .infinity }

  private func probabilities(_ scores: Tensor, _ chunk: Int) -> Tensor {
    let first = chunk * SessionChunks.size
    log2Normalisers.withUnsafeBufferPointer { normalisers in
      scales.withUnsafeBufferPointer { scales in
        scores.becomeProbabilities(
          log2Normaliser: normalisers.baseAddress! + first, scale: scales.baseAddress! + first)
      }
    }
    return scores
  }
}
