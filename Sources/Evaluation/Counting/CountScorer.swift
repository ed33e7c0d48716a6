import Sessions
import Tensors

/// Scores by counts: what an item is worth in the session's locale, save for those that followed its last item.
package final class CountScorer: CatalogueScorer {
  /// The items that followed a session's last one, with their scores.
  typealias Followers = (_ lastItem: Int32, _ locale: UInt8) -> [(item: Int32, score: Float)]

  package let catalogueRows: Int
  /// Places and shares of what was counted in whole numbers of 64 bits.
  package let largestScore: Float = 0x1p64
  /// `[6, items + 1]`.
  private let ofLocales: [Float]
  private let followers: Followers?
  private var locales: [Int] = []
  private var ofFollowers = SparseScores()
  private let scores: Tensor
  private let storage: FloatStorage

  /// - Parameter ofLocales: `[6, items + 1]`, what each item is worth in each locale.
  init(rows: Int, ofLocales: [Float], followers: Followers? = nil) {
    precondition(ofLocales.count == ShopLocale.allCases.count * rows, "\(ofLocales.count) scores of \(rows) rows")
    catalogueRows = rows
    self.ofLocales = ofLocales
    self.followers = followers
    storage = FloatStorage(count: Tensor.tileItems * SessionChunks.size)
    scores = storage.tensor(rows: Tensor.tileItems, columns: SessionChunks.size)
  }

  package func begin(_ chunk: RaggedBatch, locales: [UInt8]) {
    precondition(chunk.count == locales.count && chunk.count <= scores.columns, "\(chunk.count) sessions")
    self.locales = locales.map(Int.init) + [Int](repeating: 0, count: scores.columns - chunk.count)
    guard let followers else { return }
    ofFollowers = SparseScores(
      (0..<chunk.count).flatMap { session in
        followers(chunk.items[chunk.clicks(of: session).upperBound - 1], locales[session]).map {
          SparseScores.Entry(row: $0.item, session: session, score: $0.score)
        }
      })
  }

  package func scores(of rows: Range<Int>) -> Tensor {
    for (place, row) in rows.enumerated() { fill(place, row: row) }
    let tile = scores.rows(0..<rows.count)
    ofFollowers.write(rows, into: tile)
    return tile
  }

  package func scores(of rows: ArraySlice<Int32>) -> Tensor {
    for (place, row) in rows.enumerated() { fill(place, row: Int(row)) }
    let tile = scores.rows(0..<rows.count)
    ofFollowers.write(rows, into: tile)
    return tile
  }

  /// What the item is worth in each session's locale.
  private func fill(_ place: Int, row: Int) {
    let destination = scores.rows(place..<place + 1).elements
    ofLocales.withUnsafeBufferPointer { ofLocales in
      locales.withUnsafeBufferPointer { locales in
        for session in destination.indices {
          destination[session] = ofLocales[locales[session] * catalogueRows + row]
        }
      }
    }
  }
}
