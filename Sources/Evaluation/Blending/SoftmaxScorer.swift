import Sessions
import Tensors

/// Turns scores into probabilities: softmax over the whole catalogue, whatever the candidates are.
///
/// The catalogue is walked once for the normaliser when a chunk begins, and again when its tiles are asked for.
/// Scores over a temperature come from a scorer whose table is divided by it.
package final class SoftmaxScorer: CatalogueScorer {
  private let logits: any CatalogueScorer
  private let tiles: [Range<Int>]
  /// log₂ Σ exp(logit) of each session.
  private var log2Normaliser: [Float] = []
  private let ones = [Float](repeating: 1, count: SessionChunks.size)

  /// - Parameter logits: scores every item of the catalogue.
  package init(_ logits: any CatalogueScorer) {
    self.logits = logits
    tiles = Tensor.tiles(ofTableWith: logits.catalogueRows)
  }

  package var catalogueRows: Int { logits.catalogueRows }

  /// Probabilities do not exceed 1 by more than rounding, if the exponents of their logits fit.
  package var largestScore: Float { logits.largestScore < 1e37 ? 2 : .infinity }

  package func begin(_ chunk: RaggedBatch, locales: [UInt8]) {
    logits.begin(chunk, locales: locales)
    var reference = [Float](repeating: -.infinity, count: SessionChunks.size)
    var sum = [Double](repeating: 0, count: SessionChunks.size)
    for tile in tiles {
      logits.scores(of: tile).foldSoftmax(reference: &reference, sum: &sum)
    }
    log2Normaliser = zip(reference, sum).map { Float(Tensor.log2Normaliser(reference: $0, sum: $1)) }
  }

  package func scores(of rows: Range<Int>) -> Tensor { probabilities(logits.scores(of: rows)) }

  package func scores(of rows: ArraySlice<Int32>) -> Tensor { probabilities(logits.scores(of: rows)) }

  private func probabilities(_ scores: Tensor) -> Tensor {
    scores.becomeProbabilities(log2Normaliser: log2Normaliser, scale: ones)
    return scores
  }
}
