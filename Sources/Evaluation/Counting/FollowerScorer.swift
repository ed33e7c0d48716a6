import Sessions

/// Scores what followed the last item of a session, or was seen near it.
final class FollowerScorer: SparseScorer {
  /// The items that followed a session's last one, with their scores.
  typealias Followers = (_ lastItem: Int32, _ locale: UInt16) -> [(item: Int32, score: Float)]

  private let rows: Int
  private let followers: Followers

  /// - Parameter rows: of the catalogue.
  init(rows: Int, _ followers: @escaping Followers) {
    self.rows = rows
    self.followers = followers
  }

  func prepare(threads: Int) {}

  func scores(of chunk: SessionChunk, thread: Int) -> SparseScores {
    var scores = SparseScores.Collector()
    for session in 0..<chunk.count {
      let last = chunk.batch.items[chunk.batch.clicks(of: session).upperBound - 1]
      scores.add(followers(last, chunk.locales[session]), session: session)
    }
    return SparseScores(scores, rows: rows)
  }
}
