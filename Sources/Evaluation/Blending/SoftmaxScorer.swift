import Foundation
import Sessions
import Tensors

/// Turns scores into probabilities: softmax over the whole catalogue, whatever the candidates are.
///
/// The catalogue is walked once for the normaliser when a chunk begins, and again when its tiles are asked for.
/// Scores over a temperature come from a scorer whose table is divided by it.
package final class SoftmaxScorer: CatalogueScorer {
  private let logits: any CatalogueScorer
  private let tiles: [Range<Int>]
  /// log Σ exp(logit) of each session.
  private var logNormaliser: [Float] = []
  private let ones = [Float](repeating: 1, count: SessionChunks.size)
  private let scratch: FloatStorage

  /// - Parameter logits: scores every item of the catalogue.
  package init(_ logits: any CatalogueScorer) {
    self.logits = logits
    tiles = Tensor.tiles(ofTableWith: logits.catalogueRows)
    scratch = FloatStorage(count: 2 * SessionChunks.size)
  }

  package var catalogueRows: Int { logits.catalogueRows }

  package func begin(_ chunk: RaggedBatch, locales: [UInt8]) {
    logits.begin(chunk, locales: locales)
    var maximum = [Float](repeating: -.infinity, count: SessionChunks.size)
    var sum = [Double](repeating: 0, count: SessionChunks.size)
    for tile in tiles {
      logits.scores(of: tile).foldSoftmaxStatistics(
        maximum: &maximum, sum: &sum, scratch: scratch.tensor(rows: 2, columns: SessionChunks.size))
    }
    logNormaliser = zip(maximum, sum).map { Float(Double($0) + log($1)) }
  }

  package func scores(of rows: Range<Int>) -> Tensor { probabilities(logits.scores(of: rows)) }

  package func scores(of rows: ArraySlice<Int32>) -> Tensor { probabilities(logits.scores(of: rows)) }

  private func probabilities(_ scores: Tensor) -> Tensor {
    scores.becomeProbabilities(logNormaliser: logNormaliser, scale: ones)
    return scores
  }
}
