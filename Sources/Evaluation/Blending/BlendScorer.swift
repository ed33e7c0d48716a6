import Sessions
import Tensors

/// Adds up the scores of several scorers, each times its weight: Σ weight · score, from the first to the last.
package final class BlendScorer: CatalogueScorer {
  /// One scorer and what it counts for.
  package typealias Part = (scorer: any CatalogueScorer, weight: Float)

  package let catalogueRows: Int
  private let parts: [Part]
  private let sum: Tensor
  private let storage: FloatStorage

  /// - Parameter parts: at least one, all over the same catalogue.
  package init(_ parts: [Part]) {
    precondition(Set(parts.map(\.scorer.catalogueRows)).count == 1, "parts of a blend over different catalogues")
    self.parts = parts
    catalogueRows = parts[0].scorer.catalogueRows
    storage = FloatStorage(count: Tensor.tileItems * SessionChunks.size)
    sum = storage.tensor(rows: Tensor.tileItems, columns: SessionChunks.size)
  }

  /// Infinite or no number where a part's is, or the sum might be.
  package var largestScore: Float { parts.reduce(0) { $0 + abs($1.weight) * $1.scorer.largestScore } }

  package func begin(_ chunk: RaggedBatch, locales: [UInt8]) {
    for part in parts { part.scorer.begin(chunk, locales: locales) }
  }

  package func scores(of rows: Range<Int>) -> Tensor { add(rows.count) { $0.scores(of: rows) } }

  package func scores(of rows: ArraySlice<Int32>) -> Tensor { add(rows.count) { $0.scores(of: rows) } }

  private func add(_ rows: Int, _ scores: (any CatalogueScorer) -> Tensor) -> Tensor {
    let total = sum.rows(0..<rows)
    total.elements.update(repeating: 0)
    for (scorer, weight) in parts {
      let elements = scores(scorer).elements, into = total.elements
      for place in into.indices { into[place] += weight * elements[place] }
    }
    return total
  }
}
