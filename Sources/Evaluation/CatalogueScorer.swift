import Models
import Sessions
import Tensors

/// Something that scores every item of the catalogue for a chunk of sessions, some rows at a time.
///
/// Scores of an item must have the same bits whichever way they are asked for: ranks are found by comparing them.
package protocol CatalogueScorer: AnyObject {
  /// Rows of the catalogue, the padding row 0 counted.
  var catalogueRows: Int { get }

  /// Takes in the sessions that the next scores are for.
  /// - Parameters:
  ///   - chunk: at most `SessionChunks.size` sessions.
  ///   - locales: the code of each session's locale.
  func begin(_ chunk: RaggedBatch, locales: [UInt8])

  /// The scores of a tile: `[rows.count, SessionChunks.size]`, valid until the next call and the caller's to
  /// change. Columns beyond the chunk's sessions hold finite numbers of no meaning.
  /// - Parameter rows: at most `Tensor.tileItems`, row 0 not among them.
  func scores(of rows: Range<Int>) -> Tensor

  /// The scores of single items, likewise.
  func scores(of rows: ArraySlice<Int32>) -> Tensor

  /// What no score of the sessions taken in exceeds in magnitude. Where that is not known, or not finite, whoever uses
  /// the scores looks at each.
  var largestScore: Float { get }
}

extension CatalogueScorer {
  package var largestScore: Float { .infinity }
}

/// The table that session vectors are multiplied with: made once, for any number of scorers.
package final class ScoredTable {
  /// `[items + 1, D]`; lasts as long as this object, or as long as what it was made from.
  package let table: Tensor
  /// The largest magnitude in the table; infinity or NaN where an element is not finite.
  let largestElement: Float
  private let arena = Arena()

  /// The model's own: see `SessionModel.scoredTable`.
  package init(_ model: any SessionModel) {
    table = model.scoredTable(in: arena)
    largestElement = table.largestMagnitude
  }

  /// Another one.
  package init(_ table: Tensor) {
    self.table = table
    largestElement = table.largestMagnitude
  }
}

/// Scores by the product of a model's session vectors with an item table.
///
/// Every product has the same shape, `[tileItems, D] · [D, chunk]`, be the tile the last one or the chunk not
/// full: so the bits of a score depend on its item and its session alone.
package final class SessionModelScorer: CatalogueScorer {
  package let catalogueRows: Int
  private let model: any SessionModel
  private var table: Tensor { scored.table }
  private let plans = MatmulPlans()
  private let arena = Arena()
  private let scored: ScoredTable
  private let vectors: Tensor
  private let gathered: Tensor
  private let scores: Tensor
  private let storage: FloatStorage
  package private(set) var largestScore = Float.infinity

  /// - Parameter scored: what is scored, where several scorers share it; the model's own table if nil.
  package init(_ model: any SessionModel, _ scored: ScoredTable? = nil) {
    self.model = model
    let scored = scored ?? ScoredTable(model)
    self.scored = scored
    catalogueRows = scored.table.rows
    let width = scored.table.columns, tile = Tensor.tileItems, chunk = SessionChunks.size
    storage = FloatStorage(count: (tile + chunk) * width + tile * chunk)
    gathered = storage.tensor(rows: tile, columns: width)
    vectors = storage.tensor(at: tile * width, rows: chunk, columns: width)
    scores = storage.tensor(at: (tile + chunk) * width, rows: tile, columns: chunk)
  }

  package func begin(_ chunk: RaggedBatch, locales: [UInt8]) {
    precondition(chunk.count <= vectors.rows, "\(chunk.count) sessions in a chunk of \(vectors.rows)")
    arena.reset()
    let encoded = model.encode(chunk, on: .evaluating(in: arena)).value
    precondition(
      encoded.rows == chunk.count && encoded.columns == table.columns,
      "\(chunk.count) sessions became \(encoded.rows)×\(encoded.columns)")
    vectors.elements.update(repeating: 0)
    vectors.rows(0..<chunk.count).base.update(from: encoded.base, count: encoded.count)
    // A sum of D products, in any order; the factor is for what rounding adds to it.
    largestScore = 1.001 * Float(table.columns) * scored.largestElement * vectors.largestMagnitude
  }

  package func scores(of rows: Range<Int>) -> Tensor {
    let tile = Tensor.tileItems
    guard table.rows >= tile else {
      gathered.base.update(from: table.base, count: table.count)
      plans.product(gathered, vectors, transposeB: true, into: scores)
      return scores.rows(rows)
    }
    // The last tile reaches back into the one before it.
    let first = min(rows.lowerBound, table.rows - tile)
    plans.product(table.rows(first..<first + tile), vectors, transposeB: true, into: scores)
    return scores.rows(rows.lowerBound - first..<rows.upperBound - first)
  }

  package func scores(of rows: ArraySlice<Int32>) -> Tensor {
    for (place, row) in rows.enumerated() {
      gathered.rows(place..<place + 1).base.update(
        from: table.rows(Int(row)..<Int(row) + 1).base, count: table.columns)
    }
    plans.product(gathered, vectors, transposeB: true, into: scores)
    return scores.rows(0..<rows.count)
  }
}
