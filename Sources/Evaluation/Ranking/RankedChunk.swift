import Sessions

/// What is asked about the sessions of a chunk, column by column.
struct RankedChunk {
  /// How many columns hold sessions; the others only fill the chunk.
  let sessions: Int
  /// `[SessionChunks.size]`: the targets' rows; row 1 where there is no session.
  let targets: [Int32]
  /// `[SessionChunks.size]`: the bits of each session's candidates, see `Candidates`; none where there is no session.
  let allowed: [Int32]
  /// `[sessions]`: whether the target is no candidate.
  let isMiss: [Bool]
  /// Those of this rank's rows that are scored for single sessions: their targets, and their own items where these are
  /// in the way of the target but no candidates. In rising order of items.
  let singles: [SessionItem]

  /// - Parameters:
  ///   - filterSeen: whether a session's own items are no candidates.
  ///   - rows: those that this rank scores.
  init(_ chunk: SessionChunk, _ candidates: Candidates, filterSeen: Bool, rows: Range<Int>) {
    let padding = SessionChunks.size - chunk.count
    sessions = chunk.count
    targets = chunk.batch.targets + [Int32](repeating: 1, count: padding)
    let allowed = candidates.allowed(for: chunk)
    self.allowed = allowed
    var isMiss = (0..<chunk.count).map { !candidates.contains(chunk.batch.targets[$0], allowed: allowed[$0]) }
    var singles: [SessionItem] = []
    for session in 0..<chunk.count {
      let target = chunk.batch.targets[session]
      singles.append(SessionItem(item: target, session: session))
      guard filterSeen else { continue }
      for item in chunk.items(of: session) where candidates.contains(item, allowed: allowed[session]) {
        if item == target { isMiss[session] = true } else { singles.append(SessionItem(item: item, session: session)) }
      }
    }
    self.isMiss = isMiss
    self.singles = singles.filter { rows.contains(Int($0.item)) }.sorted { $0.item < $1.item }
  }
}
