import MPI
import Sessions
import Tensors

/// Finds the `BlendCandidates` of rounds of sessions. Every rank scores all of the catalogue for its own chunks.
final class BlendCandidateFinder {
  private let members: [any CatalogueScorer]
  private let finders: [TopFinder]
  private let candidates: Candidates
  private let filterSeen: Bool
  private let team: ThreadTeam

  /// - Parameters:
  ///   - filterSeen: whether a session's own items are no candidates.
  ///   - depth: how many of each member's best items are looked at.
  init(_ members: [any CatalogueScorer], candidates: Candidates, filterSeen: Bool, depth: Int, team: ThreadTeam) {
    self.members = members
    self.candidates = candidates
    self.filterSeen = filterSeen
    self.team = team
    finders = members.map {
      TopFinder($0, candidates: candidates, filterSeen: filterSeen, top: depth, team: team)
    }
  }

  /// - Parameter round: which all members have taken in.
  func find(in round: SessionRound) throws(MPIError) -> BlendCandidates {
    var lists: [[Int32]] = []
    for finder in finders { lists.append(try finder.items(for: round)) }
    var found = BlendCandidates(members: members.count), first = 0
    let chunks = round.chunks.map { chunk in
      defer { first += chunk.count }
      return asked(chunk, lists, first: first)
    }
    let scores = team.map(chunks.count) { thread, chunk in
      members.map { $0.scores(of: chunks[chunk].pairs, chunk: chunk, thread: thread) }
    }
    for (chunk, scores) in zip(chunks, scores) { add(chunk, scores, to: &found) }
    return found
  }

  /// What is asked about the sessions of a chunk.
  private struct Asked {
    /// The items of each session; of those without a candidate among targets nil.
    var targets: [Int32?] = []
    var pairs: [SessionItem] = []
  }

  /// - Parameters:
  ///   - lists: for each member `[sessions, depth]`.
  ///   - first: the chunk's first session in the round.
  private func asked(_ chunk: SessionChunk, _ lists: [[Int32]], first: Int) -> Asked {
    let allowed = candidates.allowed(for: chunk)
    var asked = Asked()
    for session in 0..<chunk.count {
      let target = chunk.batch.targets[session]
      let isMiss =
        !candidates.contains(target, allowed: allowed[session])
        || (filterSeen && chunk.items(of: session).contains(target))
      asked.targets.append(isMiss ? nil : target)
      if isMiss { continue }
      let best = zip(lists, finders).flatMap { (list, finder) -> [Int32] in
        list[(first + session) * finder.top..<(first + session + 1) * finder.top].filter { $0 > 0 }
      }
      asked.pairs += (best + [target]).distinct.map { SessionItem(item: $0, session: session) }
    }
    asked.pairs.sort { ($0.item, $0.session) < ($1.item, $1.session) }
    return asked
  }

  /// - Parameter scores: of each member, beside the chunk's pairs.
  private func add(_ chunk: Asked, _ scores: [[Float]], to found: inout BlendCandidates) {
    var items = [[Int32]](repeating: [], count: chunk.targets.count)
    var values = [[Float]](repeating: [], count: chunk.targets.count)
    for (place, pair) in chunk.pairs.enumerated() {
      items[pair.session].append(pair.item)
      for member in scores { values[pair.session].append(member[place]) }
    }
    for (session, target) in chunk.targets.enumerated() {
      found.append(items: items[session], scores: values[session], target: target)
    }
  }
}

extension Evaluator {
  /// What the members of a blend give to the items that decide the targets' ranks: of this rank's share of the
  /// sessions; collective.
  /// - Parameters:
  ///   - members: each has the whole catalogue on every rank.
  ///   - selection: which of the sessions count, by their numbers; their targets are known.
  ///   - depth: how many of each member's best items are looked at.
  ///   - progress: called on rank 0, with sessions done and sessions in all.
  /// - Throws: where a signal asked to stop `EndOfProcess`, on every rank; or an `MPIError`.
  package func blendCandidates(
    _ members: [any CatalogueScorer], on sessions: SessionTable, selection: [Int32], depth: Int,
    progress: ((_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> BlendCandidates {
    let all = BlendScorer(members.map { ($0, 1) })
    precondition(all.share.holders.size == 1, "members of a blend that no rank has as a whole")
    var found = BlendCandidates(members: members.count), done = 0
    try candidates.forEachGroup(of: selection.map { sessions.locales[Int($0)] }) { candidates, places in
      let finder = BlendCandidateFinder(
        members, candidates: candidates, filterSeen: options.filterSeen,
        depth: min(depth, candidates.membership.count - 1),
        team: team)
      let chunks = SessionChunks(places.map { selection[$0] }, group: group)
      let before = found.count
      _ = try chunks.ownValues(
        of: sessions, all, team, atOnce: 4 * team.count,
        progress: group.rank == 0 ? { part, _ in progress?(done + part, selection.count) } : nil
      ) { round in
        found.append(try finder.find(in: round))
        return []
      }
      try StopSignal.require(isWhole: found.count - before == chunks.counts[group.rank], on: group)
      done += places.count
    }
    return found
  }
}
