import Sessions
import Tensors

/// Finds the rank of each session's target among its candidates, by counting those that come before it.
///
/// Higher scores come first, of equal ones the lower row. Nothing is sorted, and the scores of one tile of the
/// catalogue are all that exists at a time.
package final class CatalogueRanker {
  private let scorer: any CatalogueScorer
  private let candidates: Candidates
  private let filterSeen: Bool
  private let tiles: [Range<Int>]

  /// - Parameter filterSeen: whether a session's own items are no candidates.
  package init(_ scorer: any CatalogueScorer, candidates: Candidates, filterSeen: Bool) {
    precondition(
      candidates.membership.count == scorer.catalogueRows,
      "candidates of \(candidates.membership.count) rows for a catalogue of \(scorer.catalogueRows)")
    self.scorer = scorer
    self.candidates = candidates
    self.filterSeen = filterSeen
    tiles = Tensor.tiles(ofTableWith: scorer.catalogueRows)
  }

  /// The ranks of a chunk's targets.
  /// - Parameters:
  ///   - chunk: at most `SessionChunks.size` sessions, with their targets.
  ///   - locales: the code of each session's locale.
  /// - Returns: for each session its target's rank, from 1; 0 where the target is no candidate; -row for a row of the
  ///   catalogue whose score is not finite.
  package func ranks(of chunk: RaggedBatch, locales: [UInt8]) -> [Int32] {
    precondition(chunk.count == locales.count, "\(chunk.count) sessions, \(locales.count) locales")
    // Columns that only fill the chunk have no candidates; row 1 stands for their targets.
    let padding = SessionChunks.size - chunk.count
    let targets = chunk.targets + [Int32](repeating: 1, count: padding)
    let allowed = locales.map(candidates.allowed) + [Int32](repeating: 0, count: padding)

    scorer.begin(chunk, locales: locales)
    var check = ScoreCheck(scorer, sessions: chunk.count)
    let own = scorer.scores(of: targets[...])
    let targetScores = targets.indices.map { own.elements[$0 * own.columns + $0] }
    var above = [Int32](repeating: 0, count: targets.count)
    for tile in tiles {
      let scores = scorer.scores(of: tile)
      check.look(at: scores, firstRow: tile.lowerBound)
      scores.countAbove(
        firstRow: tile.lowerBound, membership: candidates.membership, allowed: allowed,
        targetLogits: targetScores, targets: targets, above: &above)
    }
    var isMiss = targets.indices.map { !candidates.contains(targets[$0], allowed: allowed[$0]) }
    if filterSeen {
      let seen = SeenItems(chunk)
      for session in 0..<chunk.count where seen.of(session).contains(targets[session]) { isMiss[session] = true }
      subtract(seen, allowed: allowed, targets: targets, targetScores: targetScores, from: &above)
    }
    return (0..<chunk.count).map { check.rows[$0] > 0 ? -check.rows[$0] : isMiss[$0] ? 0 : above[$0] + 1 }
  }

  /// Takes the sessions' own items out of the counts.
  private func subtract(
    _ seen: SeenItems, allowed: [Int32], targets: [Int32], targetScores: [Float], from above: inout [Int32]
  ) {
    let items = seen.items
    for start in stride(from: 0, to: items.count, by: Tensor.tileItems) {
      let rows = items[start..<min(start + Tensor.tileItems, items.count)]
      let scores = scorer.scores(of: rows)
      for (place, item) in rows.enumerated() {
        for session in seen.sessions(of: start + place) where candidates.contains(item, allowed: allowed[session]) {
          let score = scores.elements[place * scores.columns + session], target = targetScores[session]
          if score > target || (score == target && item < targets[session]) { above[session] -= 1 }
        }
      }
    }
  }
}

/// Which items the sessions of a chunk hold: each session's distinct items, and each item's sessions.
struct SeenItems {
  /// The distinct items of all sessions, by row.
  let items: [Int32]
  private let ofSession: [[Int32]]
  private let ofItem: [[Int]]

  init(_ chunk: RaggedBatch) {
    ofSession = (0..<chunk.count).map { Array(Set(chunk.items[chunk.clicks(of: $0)])).sorted() }
    items = Array(Set(ofSession.joined())).sorted()
    let places = Dictionary(uniqueKeysWithValues: items.enumerated().map { ($0.element, $0.offset) })
    var ofItem = [[Int]](repeating: [], count: items.count)
    for (session, own) in ofSession.enumerated() {
      for item in own { ofItem[places[item]!].append(session) }
    }
    self.ofItem = ofItem
  }

  /// The distinct items of a session, by row.
  func of(_ session: Int) -> [Int32] { ofSession[session] }

  /// The sessions that hold `items[place]`.
  func sessions(of place: Int) -> [Int] { ofItem[place] }
}
