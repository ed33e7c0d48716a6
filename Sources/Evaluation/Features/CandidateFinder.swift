import MPI
import Sessions
import Tensors

/// Finds the candidates of sessions, the best of several recommenders, and their features, shared over all ranks of a
/// group; and hands them to rank 0 as rows of text, some chunks of sessions at a time, so that no rank has them all.
///
/// A session's rows have the same bytes on whichever rank they are made.
package final class CandidateFinder {
  private let members: [CandidateMember]
  /// Beside those of the members.
  private let sources: [any FeatureSource]
  private let candidates: CandidateSets
  private let popular: PopularItems
  private let filterSeen: Bool
  private let team: ThreadTeam
  private let itemID: (Int32) -> String
  private let group: any ProcessGroup

  /// - Parameters:
  ///   - members: at least one, over the same catalogue.
  ///   - sources: what else tells candidates apart, beside what the session is like.
  ///   - rule: which items are candidates.
  ///   - products: of the catalogue.
  ///   - locales: that the sessions' codes stand for.
  ///   - filterSeen: whether a session's own items are no candidates.
  ///   - itemID: the id of a row, for messages.
  /// - Throws: `SessionsError.unknownLocale`, `.ambiguousLocale`, `EvaluationError.noProducts`.
  package init(
    _ members: [CandidateMember], _ sources: [any FeatureSource], _ rule: CandidateRule, _ products: CandidateTable,
    _ locales: LocaleNames, filterSeen: Bool, team: ThreadTeam, itemID: @escaping (Int32) -> String,
    group: any ProcessGroup
  ) throws {
    self.members = members
    self.sources = [SessionFeatures()] + sources
    candidates = try CandidateSets(rule, products, locales)
    popular = PopularItems(products)
    self.filterSeen = filterSeen
    self.team = team
    self.itemID = itemID
    self.group = group
  }

  /// The names of all features, in their order.
  package var featureNames: [String] {
    sources.flatMap(\.names)
      + members.flatMap { member in
        (["rank"] + member.features.names).map { "\(member.name).\($0)" }
      }
  }

  /// Finds the candidates of some sessions; collective.
  /// - Parameters:
  ///   - sessions: the same on every rank. A session without clicks gets what is popular among its candidates.
  ///   - selection: which of them, by their numbers.
  ///   - split: what messages call them.
  ///   - text: how rows are written. The answers that they tell are the table's.
  ///   - write: takes the rows on rank 0, piece by piece, in the same order on any number of ranks.
  ///   - progress: called on rank 0, with sessions done.
  /// - Returns: on every rank, what all have found.
  /// - Throws: `EvaluationError.notFinite`; what `write` throws; where a signal asked to stop `EndOfProcess`; or `MPIError`.
  package func find(
    for sessions: SessionTable, _ selection: [Int32], split: String, _ text: CandidateText,
    write: (UnsafeRawBufferPointer) throws -> Void, progress: (_ done: Int) -> Void
  ) throws -> CandidateTally {
    var tally = CandidateTally(), done = 0
    try candidates.forEachGroup(of: selection.map { sessions.locales[Int($0)] }) { candidates, places in
      let numbers = places.map { selection[$0] }
      let finders = members.map {
        TopFinder($0.ranking, candidates: candidates, filterSeen: filterSeen, top: $0.top, team: team)
      }
      // A round has as many chunks of each rank as it has threads, rank after rank.
      let perRank = team.count * SessionChunks.size, perRound = perRank * group.size
      for first in stride(from: 0, to: numbers.count, by: perRound) {
        try StopSignal.check(group)
        let own = (first + group.rank * perRank..<first + (group.rank + 1) * perRank).clamped(to: numbers.indices)
        let chunks = stride(from: own.lowerBound, to: own.upperBound, by: SessionChunks.size).map {
          Array(numbers[$0..<min($0 + SessionChunks.size, own.upperBound)])
        }
        let found = try self.candidates(of: chunks, sessions, finders, candidates, split: split)
        let rows = team.map(chunks.count) { thread, chunk in
          self.rows(of: chunks[chunk], found[chunk], sessions, text, chunk: chunk, thread: thread)
        }
        for chunk in rows { tally.add(chunk.tally) }
        try send(rows.flatMap(\.text), to: write)
        done += min(perRound, numbers.count - first)
        if group.rank == 0 { progress(done) }
      }
    }
    try tally.sum(over: group)
    return tally
  }

  /// The candidates of each chunk's sessions.
  private func candidates(
    of chunks: [[Int32]], _ sessions: SessionTable, _ finders: [TopFinder], _ candidates: Candidates, split: String
  ) throws -> [[CandidateSession]] {
    let asked = chunks.map { $0.filter { !sessions.range(of: Int($0)).isEmpty } }
    let round = SessionRound(asked.map { SessionChunk($0[...], of: sessions) }, holder: 0, of: 1)
    // Of each member `[sessions with clicks, top]`.
    var best: [[Int32]] = []
    for source in sources { source.prepare(threads: team.count) }
    for (member, finder) in zip(members, finders) {
      try member.begin(round, team)
      best.append(try finder.items(for: round))
    }
    try requireFinite(best, asked.flatMap { $0 }, split: split)
    var place = 0
    return zip(chunks, asked).map { chunk, asked in
      var column = 0
      return chunk.map { number in
        let locale = sessions.locales[Int(number)], clicks = Array(sessions.items(of: Int(number)))
        if clicks.isEmpty {
          return CandidateSession(popular: popularItems(in: locale, candidates), locale: locale, members: members.count)
        }
        let lists = zip(members, best).map { member, items in
          items[place * member.top..<(place + 1) * member.top].prefix { $0 != 0 }
        }
        defer { (place, column) = (place + 1, column + 1) }
        return CandidateSession(clicks: clicks, locale: locale, column: column, lists: lists)
      }
    }
  }

  /// What a session of a locale gets of which nothing else is known, most popular first.
  private func popularItems(in code: UInt16, _ candidates: Candidates) -> [Int32] {
    let allowed = candidates.allowed(forLocale: code)
    return popular.items(forLocale: code, limit: members[0].top) { candidates.contains($0, allowed: allowed) }
  }

  /// - Parameters:
  ///   - best: of each member, see `TopFinder`.
  ///   - numbers: of the sessions that they are of.
  private func requireFinite(_ best: [[Int32]], _ numbers: [Int32], split: String) throws {
    try group.together {
      for items in best {
        guard let place = items.firstIndex(where: { $0 < 0 }) else { continue }
        throw EvaluationError.notFinite(
          row: Int(-items[place]), item: itemID(-items[place]), split: split,
          session: Int(numbers[place / (items.count / numbers.count)]))
      }
    }
  }

  /// The rows of a chunk's sessions, and what is in them.
  private func rows(
    of numbers: [Int32], _ found: [CandidateSession], _ sessions: SessionTable, _ text: CandidateText, chunk: Int,
    thread: Int
  ) -> (text: [UInt8], tally: CandidateTally) {
    let parts = sources.map { $0.features(of: found, chunk: chunk, thread: thread) }
    let ofMembers = members.map { $0.features.features(of: found, chunk: chunk, thread: thread) }
    var rows: [UInt8] = [], tally = CandidateTally()
    for (place, (number, session)) in zip(numbers, found).enumerated() {
      var values: [Float] = []
      for item in session.items.indices {
        for (source, part) in zip(sources, parts) { values += part[place].row(item, of: source.names.count) }
        for (member, (ranks, part)) in zip(members, zip(session.ranks, ofMembers)) {
          values.append(ranks[item] == 0 ? .nan : Float(ranks[item]))
          values += part[place].row(item, of: member.features.names.count)
        }
      }
      let answer = sessions.targets[Int(number)]
      rows += text.rows(of: Int(number), items: session.items, answer: answer, values: values)
      tally.sessions += 1
      tally.candidates += session.items.count
      if session.items.contains(answer) { tally.answers += 1 }
      if session.items.isEmpty { tally.empty += 1 }
    }
    return (rows, tally)
  }

  /// Hands rank 0 the rows of all ranks, in their order; collective.
  private func send(_ own: [UInt8], to write: (UnsafeRawBufferPointer) throws -> Void) throws {
    var counts = [Int](repeating: 0, count: group.size)
    counts[group.rank] = own.count
    try group.sum(&counts)
    let outcome = Result {
      try own.withUnsafeBufferPointer { own in
        try group.stream(own, counts: counts, to: 0) { try write(UnsafeRawBufferPointer($0)) }
      }
    }
    // What rank 0 could not write the others must know of.
    if case .failure(let error) = outcome { try group.agree(error) } else { try group.agree(nil) }
  }
}

extension [Float] {
  /// A row of a matrix with so many columns.
  fileprivate func row(_ row: Int, of columns: Int) -> ArraySlice<Float> { self[row * columns..<(row + 1) * columns] }
}
