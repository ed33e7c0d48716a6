import Sessions
import Tensors

/// Finds the best candidates of each session of a chunk, walking the catalogue in tiles.
final class TopFinder {
  private let scorer: any CatalogueScorer
  private let candidates: Candidates
  private let filterSeen: Bool
  private let tiles: [Range<Int>]
  private var best: TopItems
  private var places: [Int32]

  /// - Parameters:
  ///   - filterSeen: whether a session's own items are no candidates.
  ///   - top: how many items to find for each session.
  init(_ scorer: any CatalogueScorer, candidates: Candidates, filterSeen: Bool, top: Int) {
    self.scorer = scorer
    self.candidates = candidates
    self.filterSeen = filterSeen
    tiles = Tensor.tiles(ofTableWith: scorer.catalogueRows)
    best = TopItems(sessions: SessionChunks.size, limit: top)
    places = [Int32](repeating: 0, count: Tensor.tileItems * SessionChunks.size)
  }

  /// - Parameters:
  ///   - chunk: at most `SessionChunks.size` sessions.
  ///   - locales: the code of each session's locale.
  /// - Returns: `[sessions, top]`, see `Predictions`; the first of a session is -row for a row of the catalogue whose
  ///   score is not finite.
  func items(for chunk: RaggedBatch, locales: [UInt8]) -> [Int32] {
    let padding = SessionChunks.size - chunk.count
    let allowed = locales.map(candidates.allowed) + [Int32](repeating: 0, count: padding)
    let seen = filterSeen ? SeenItems(chunk) : nil
    best.removeAll()
    scorer.begin(chunk, locales: locales)
    var check = ScoreCheck(scorer, sessions: chunk.count)
    for tile in tiles {
      let scores = scorer.scores(of: tile)
      check.look(at: scores, firstRow: tile.lowerBound)
      let above = scores.collectAbove(
        firstRow: tile.lowerBound, membership: candidates.membership, allowed: allowed,
        thresholds: best.thresholds, into: &places)
      let elements = scores.elements
      for place in above {
        let (row, session) = Int(place).quotientAndRemainder(dividingBy: SessionChunks.size)
        let item = Int32(tile.lowerBound + row)
        if let seen, seen.of(session).contains(item) { continue }
        best.offer(item, score: elements[Int(place)], to: session)
      }
    }
    return (0..<chunk.count).flatMap { session in
      let found = check.rows[session] > 0 ? [-check.rows[session]] : best.best(of: session)
      return found + [Int32](repeating: 0, count: best.limit - found.count)
    }
  }
}
