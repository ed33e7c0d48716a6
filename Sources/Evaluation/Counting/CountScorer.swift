import MPI
import Sessions
import Tensors

/// Scores by counts: what an item is worth in the session's locale, save for those that followed its last item.
package final class CountScorer: CatalogueScorer {
  /// The items that followed a session's last one, with their scores.
  typealias Followers = (_ lastItem: Int32, _ locale: UInt8) -> [(item: Int32, score: Float)]

  /// All of the catalogue: every rank has all counts.
  package let share: CatalogueShare
  /// `[6, items + 1]`.
  private let ofLocales: [Float]
  private let followers: Followers?
  /// What is known of each chunk's sessions.
  private var chunks: [(locales: [Int], ofFollowers: SparseScores)] = []
  private var scores: [TileScores] = []

  /// - Parameter ofLocales: `[6, items + 1]`, what each item is worth in each locale.
  init(rows: Int, ofLocales: [Float], followers: Followers? = nil) {
    precondition(ofLocales.count == ShopLocale.allCases.count * rows, "\(ofLocales.count) scores of \(rows) rows")
    share = CatalogueShare(wholeOf: rows)
    self.ofLocales = ofLocales
    self.followers = followers
  }

  package func begin(_ round: SessionRound, _ team: ThreadTeam) {
    while scores.count < team.count { scores.append(TileScores()) }
    chunks = team.map(round.chunks.count) { _, number in
      let chunk = round.chunks[number]
      let padding = [Int](repeating: 0, count: SessionChunks.size - chunk.count)
      return (chunk.locales.map(Int.init) + padding, followers.map { SparseScores(chunk, $0) } ?? SparseScores())
    }
  }

  package func scores(of rows: Range<Int>, chunk: Int, thread: Int) -> Tensor {
    let tile = scores[thread].tile.rows(0..<rows.count)
    for (place, row) in rows.enumerated() { fill(tile.rows(place..<place + 1), row: row, chunk) }
    chunks[chunk].ofFollowers.write(rows, into: tile)
    return tile
  }

  package func scores(of rows: ArraySlice<Int32>, chunk: Int, thread: Int) -> Tensor {
    let tile = scores[thread].tile.rows(0..<rows.count)
    for (place, row) in rows.enumerated() { fill(tile.rows(place..<place + 1), row: Int(row), chunk) }
    chunks[chunk].ofFollowers.write(rows, into: tile)
    return tile
  }

  /// Places and shares of what was counted in whole numbers of 64 bits.
  package func largestScore(chunk: Int) -> Float { 0x1p64 }

  /// What the item is worth in each session's locale.
  private func fill(_ scores: Tensor, row: Int, _ chunk: Int) {
    let destination = scores.elements
    ofLocales.withUnsafeBufferPointer { ofLocales in
      chunks[chunk].locales.withUnsafeBufferPointer { locales in
        for session in destination.indices {
          destination[session] = ofLocales[locales[session] * share.catalogueRows + row]
        }
      }
    }
  }
}

extension SparseScores {
  /// What followed the last item of each session of a chunk.
  fileprivate init(_ chunk: SessionChunk, _ followers: CountScorer.Followers) {
    self.init(
      (0..<chunk.count).flatMap { session in
        followers(chunk.batch.items[chunk.batch.clicks(of: session).upperBound - 1], chunk.locales[session]).map {
          Entry(row: $0.item, session: session, score: $0.score)
        }
      })
  }
}
