import Sessions

/// Scores what was seen near a session's items, directly and over other items: COUNTS.
///
/// With m(a→b) = c(a→b) in the session's locale + `allLocalesWeight` · c(a→b) in all, an item's shares are
/// P(a→b) = m(a→b) / (Σ m(a→·) + `damping`). Of the session's different items x0, x1, … from its end,
///
///     S1 = Σ P(x_k→·) / (k + 1)²    S2 = (Σ P(x_k→·) / (k + 1)) P    S3 = (the best `hopItems` of S2) P
///
/// and the score is S1 + `secondHopWeight` · S2 + `thirdHopWeight` · S3, times `unseenWeight` for items that the
/// locale never had. A session without a locale has the counts of all alone.
///
/// Sums go through a session's items from its end, through the items that these lead to in the order in which they were
/// found, through the pairs of an item by row: the same order wherever a session is scored.
final class HopScorer: SparseScorer {
  private let tables: HopTables
  private let isShare: Bool
  private var workers: [HopWorker] = []

  /// - Parameter isShare: whether scores are divided by their sum + 1, for adding to others.
  init(_ tables: HopTables, isShare: Bool) {
    self.tables = tables
    self.isShare = isShare
  }

  func prepare(threads: Int) {
    while workers.count < threads { workers.append(HopWorker(tables)) }
  }

  func scores(of chunk: SessionChunk, thread: Int) -> SparseScores {
    let worker = workers[thread]
    var scores = SparseScores.Collector()
    // A locale's sessions together: the worker turns to it once.
    for session in (0..<chunk.count).sorted(by: { (chunk.locales[$0], $0) < (chunk.locales[$1], $1) }) {
      let code = chunk.locales[session]
      worker.turn(to: code)
      worker.score(Array(chunk.batch.items[chunk.batch.clicks(of: session)]))
      scores.add(worker.scores(isShare: isShare), session: session)
    }
    return SparseScores(scores, rows: tables.rows)
  }
}
