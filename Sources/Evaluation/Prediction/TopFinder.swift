import MPI
import Sessions
import Tensors

/// Finds the best candidates of each session, walking the catalogue in tiles. Each rank finds the best among the rows
/// that it scores; the rank whose session it is picks the best of them all.
final class TopFinder {
  private let scorer: any CatalogueScorer
  private let candidates: Candidates
  private let filterSeen: Bool
  /// How many items are found for each session.
  let top: Int
  private let team: ThreadTeam
  /// How long the lists of each of the holders are.
  private let limits: [Int]
  private let workers: [Worker]

  /// What a thread works with.
  private final class Worker {
    var best: TopItems
    var places = [Int32](repeating: 0, count: Tensor.tileItems * SessionChunks.size)

    init(limit: Int) { best = TopItems(sessions: SessionChunks.size, limit: limit) }
  }

  /// - Parameters:
  ///   - filterSeen: whether a session's own items are no candidates.
  init(_ scorer: any CatalogueScorer, candidates: Candidates, filterSeen: Bool, top: Int, team: ThreadTeam) {
    self.scorer = scorer
    self.candidates = candidates
    self.filterSeen = filterSeen
    self.top = top
    self.team = team
    let share = scorer.share, holders = share.holders
    let limits = (0..<holders.size).map { min(top, share.layout.rows(of: $0, size: holders.size).count) }
    self.limits = limits
    workers = (0..<team.count).map { _ in Worker(limit: limits[holders.rank]) }
  }

  /// The predictions for the sessions of this rank's chunks; collective over the scorer's holders.
  /// - Parameter round: which the scorer has taken in.
  /// - Returns: `[sessions, top]`, see `Predictions`; the first of a session is -row for a row of the catalogue whose
  ///   score is not finite.
  func items(for round: SessionRound) throws(MPIError) -> [Int32] {
    let own = team.map(round.chunks.count) { thread, chunk in
      bestKeys(for: round.chunks[chunk], number: chunk, thread: thread)
    }
    let holders = scorer.share.holders, columns = round.share * SessionChunks.size
    let keys = try holders.allToAll(
      own.flatMap { $0 }, counts: limits.map { _ in columns * limits[holders.rank] },
      receiveCounts: limits.map { columns * $0 })
    return team.map(round.share) { _, place in
      (0..<round.chunks[round.own.lowerBound + place].count).flatMap { session in
        items(ofColumn: place * SessionChunks.size + session, among: keys, columns: columns)
      }
    }.flatMap { $0 }
  }

  /// The best items of a chunk's sessions among this rank's rows.
  /// - Returns: for each column of the chunk as many keys as are this rank's limit, falling, 0 behind the last.
  private func bestKeys(for chunk: SessionChunk, number: Int, thread: Int) -> [UInt64] {
    let limit = limits[scorer.share.holders.rank]
    var keys = [UInt64](repeating: 0, count: SessionChunks.size * limit)
    if chunk.count == 0 || limit == 0 { return keys }
    let worker = workers[thread]
    let allowed = candidates.allowed(for: chunk)
    let seen = filterSeen ? (0..<chunk.count).map(chunk.items(of:)) : []
    worker.best.removeAll()
    var check = ScoreCheck(largestScore: scorer.largestScore(chunk: number), sessions: chunk.count)
    for tile in scorer.share.tiles {
      let scores = scorer.scores(of: tile, chunk: number, thread: thread)
      check.look(at: scores, firstRow: tile.lowerBound)
      let above = scores.collectAbove(
        firstRow: tile.lowerBound, membership: candidates.membership, allowed: allowed,
        thresholds: worker.best.thresholds, into: &worker.places)
      let elements = scores.elements
      for place in above {
        let (row, session) = Int(place).quotientAndRemainder(dividingBy: SessionChunks.size)
        let item = Int32(tile.lowerBound + row)
        if filterSeen, seen[session].contains(item) { continue }
        worker.best.offer(item, score: elements[Int(place)], to: session)
      }
    }
    for session in 0..<chunk.count {
      let row = check.rows[session]
      let found = row > 0 ? [ItemKey.notFinite(row)] : worker.best.best(of: session)
      keys.replaceSubrange(session * limit..<session * limit + found.count, with: found)
    }
    return keys
  }

  /// Picks the best of what the holders found for a session of this rank.
  /// - Parameters:
  ///   - column: of this rank's chunks, which have so many `columns` together.
  ///   - keys: holder after holder.
  private func items(ofColumn column: Int, among keys: [UInt64], columns: Int) -> [Int32] {
    var best: [UInt64] = []
    var start = 0
    for limit in limits {
      let found = keys[start + column * limit..<start + (column + 1) * limit].prefix { $0 != 0 }
      best = best.isEmpty ? Array(found) : ItemKey.merged(best[...], found, limit: top)
      start += columns * limit
    }
    let isNotFinite = best.first.map(ItemKey.isNotFinite) ?? false
    let items = isNotFinite ? [-ItemKey.item(of: best[0])] : best.map(ItemKey.item(of:))
    return items + [Int32](repeating: 0, count: top - items.count)
  }
}
