import MPI
import Models
import Sessions
import Tensors

/// The items predicted for some sessions.
public struct Predictions: Equatable, Sendable {
  /// Items a session.
  public let top: Int
  /// `[sessions, top]`: catalogue rows, best first; 0 behind the last where a session has fewer candidates.
  public let items: [Int32]

  /// Sessions.
  public var count: Int { items.count / top }

  /// Sessions whose lists are shorter than `top`, empty ones counted, and empty ones.
  public var shortLists: (shorter: Int, empty: Int) {
    (0..<count).reduce(into: (0, 0)) { result, session in
      if items[(session + 1) * top - 1] == 0 { result.0 += 1 }
      if items[session * top] == 0 { result.1 += 1 }
    }
  }

  /// The predictions with nothing for some sessions.
  public func emptied(at sessions: [Int]) -> Predictions {
    var items = items
    for session in sessions { for place in session * top..<(session + 1) * top { items[place] = 0 } }
    return Predictions(top: top, items: items)
  }

  /// The items of a session, best first.
  public func items(of session: Int) -> ArraySlice<Int32> {
    items[session * top..<(session + 1) * top].prefix { $0 != 0 }
  }
}

/// Finds the best candidates of every session, shared over all ranks of a group.
///
/// The order is that of the ranking: higher scores first, of equal ones the lower row.
public final class Predictor {
  /// What a prediction leaves out.
  public struct Options: Equatable, Sendable {
    /// Which items may be predicted.
    public var candidates = CandidateRule.all
    /// Whether a session's own items are no candidates.
    public var filterSeen = false
    /// Items a session.
    public var top = 100

    /// The best 100 of each session's own locale, its own items among them.
    public init() {}
  }

  /// Items a session, at most: a thread keeps that many for each session of a chunk.
  static let mostItems = 100_000

  private let group: any ProcessGroup
  private let options: Options
  private let team: ThreadTeam
  private let candidates: CandidateSets
  private let products: CandidateTable
  /// Made for the first session without clicks.
  private var popular: PopularItems?
  /// The id of a row, for messages.
  private let itemID: ((Int32) -> String)?

  /// - Parameters:
  ///   - products: of the data set.
  ///   - locales: that the sessions' codes stand for.
  /// - Throws: `SessionsError.unknownLocale`, `.ambiguousLocale`, `EvaluationError.noProducts`.
  package init(
    _ products: CandidateTable, _ locales: LocaleNames, _ options: Options,
    team: ThreadTeam = ThreadTeam(), itemID: ((Int32) -> String)? = nil, group: any ProcessGroup
  ) throws {
    self.itemID = itemID
    self.group = group
    self.options = options
    self.team = team
    self.products = products
    candidates = try CandidateSets(options.candidates, products, locales)
  }

  /// - Parameters:
  ///   - items: how many items the model knows, the first ones of the data set; nil for all.
  ///   - threads: how many threads of this process rank; they change no prediction.
  /// - Throws: `SessionsError.unknownLocale`, `.ambiguousLocale`, `EvaluationError.noProducts`.
  public convenience init(
    _ dataset: PreparedDataset, _ options: Options = Options(), items: Int? = nil, threads: Int = 1,
    group: any ProcessGroup
  ) throws {
    try self.init(
      items.map(dataset.candidates.limited) ?? dataset.candidates, dataset.locales, options,
      team: ThreadTeam(count: threads),
      itemID: dataset.itemIDs.id(of:), group: group)
  }

  /// Predicts; collective.
  /// - Parameters:
  ///   - sessions: the same on every rank. A session without clicks gets what is popular in its locale, of the
  ///     candidates alone.
  ///   - progress: called on rank 0, with sessions done and sessions in all.
  /// - Returns: on rank 0 the predictions, in the order of the sessions; nil on the others.
  /// - Throws: `EvaluationError.badTop`, `.tooManyPredictions`, `.catalogueDiffers`, `.notFinite`, or where a signal asked to
  ///   stop `EndOfProcess`, on every rank; or an `MPIError`.
  public func predict(
    _ model: any SessionModel, for sessions: SessionTable,
    progress: ((_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> Predictions? {
    try predict(SessionModelScorer(ServedModel(model)), for: sessions, progress: progress)
  }

  /// Predicts with whatever scores the catalogue; collective. See above.
  /// - Parameter scorer: whose holders are this rank alone, or all ranks.
  package func predict(
    _ scorer: any CatalogueScorer, for sessions: SessionTable, progress: ((_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> Predictions? {
    try check(scorer, sessions)
    let isRoot = group.rank == 0, top = options.top
    var items = [Int32](repeating: 0, count: isRoot ? sessions.count * top : 0)
    func fill(_ session: Int, _ list: ArraySlice<Int32>) {
      items.replaceSubrange(session * top..<(session + 1) * top, with: list)
    }
    var done = 0
    try candidates.forEachGroup(of: Array(sessions.locales)) { candidates, places in
      let (empty, asked) = places.divided { sessions.range(of: $0).isEmpty }
      let found = try best(scorer, for: sessions, asked.map { Int32($0) }, candidates) { part, _ in
        progress?(done + part, sessions.count)
      }
      done += places.count
      guard isRoot else { return }
      for (place, session) in asked.enumerated() { fill(session, found[place * top..<(place + 1) * top]) }
      let popular = popularItems(ofLocales: Set(empty.map { sessions.locales[$0] }), candidates)
      for session in empty { fill(session, popular[sessions.locales[session], default: []][...]) }
    }
    try requireFinite(items)
    return isRoot ? Predictions(top: options.top, items: items) : nil
  }

  /// The best items of sessions that share their bits of candidates, on rank 0; collective.
  /// - Parameter selection: sessions with clicks.
  private func best(
    _ scorer: any CatalogueScorer, for sessions: SessionTable, _ selection: [Int32], _ candidates: Candidates,
    progress: @escaping (_ done: Int, _ total: Int) -> Void
  ) throws -> [Int32] {
    let chunks = SessionChunks(selection, group: group)
    let finder = TopFinder(
      scorer, candidates: candidates, filterSeen: options.filterSeen, top: options.top, team: team)
    let own = try chunks.ownValues(
      of: sessions, scorer, team, atOnce: chunksAtOnce, progress: group.rank == 0 ? progress : nil, finder.items(for:))
    try StopSignal.require(isWhole: own.count == chunks.counts[group.rank] * options.top, on: group)
    let isRoot = group.rank == 0
    var all = [Int32](repeating: 0, count: isRoot ? selection.count * options.top : 0)
    try own.withUnsafeBufferPointer { (own) throws(MPIError) in
      try all.withUnsafeMutableBufferPointer { (all) throws(MPIError) in
        try group.gather(own, counts: chunks.counts.map { $0 * options.top }, into: isRoot ? all : nil, at: 0)
      }
    }
    return isRoot ? chunks.inSessionOrder(all, width: options.top) : []
  }

  /// A round's lists are in memory at once.
  private var chunksAtOnce: Int { options.top > 1_000 ? team.count : 4 * team.count }

  /// Tells every rank whether rank 0, which has all predictions, found a score that is not finite; collective.
  private func requireFinite(_ items: [Int32]) throws {
    var found: [Int32] = [0, 0, 0]
    if let place = items.firstIndex(where: { $0 < 0 }) { found = [1, -items[place], Int32(place / options.top)] }
    try group.broadcast(&found, from: 0)
    if found[0] == 0 { return }
    throw EvaluationError.notFinite(
      row: Int(found[1]), item: itemID?(found[1]), split: "asked", session: Int(found[2]))
  }

  /// What is popular among the candidates of some locales' sessions: `top` items each, 0 behind the last.
  private func popularItems(ofLocales codes: Set<UInt16>, _ candidates: Candidates) -> [UInt16: [Int32]] {
    if codes.isEmpty { return [:] }
    let popular = popular ?? PopularItems(products)
    self.popular = popular
    return codes.reduce(into: [:]) { lists, code in
      let allowed = candidates.allowed(forLocale: code)
      let found = popular.items(forLocale: code, limit: options.top) { candidates.contains($0, allowed: allowed) }
      lists[code] = found + [Int32](repeating: 0, count: options.top - found.count)
    }
  }

  private func check(_ scorer: any CatalogueScorer, _ sessions: SessionTable) throws(EvaluationError) {
    let rows = candidates.rows
    if scorer.share.catalogueRows != rows {
      throw .catalogueDiffers(modelItems: scorer.share.catalogueRows - 1, datasetItems: rows - 1)
    }
    if !(1...min(rows - 1, Self.mostItems)).contains(options.top) { throw .badTop(options.top, items: rows - 1) }
    if sessions.count > Int(Int32.max) / options.top {
      throw .tooManyPredictions(sessions: sessions.count, top: options.top)
    }
  }
}

extension [Int] {
  /// Those for which something holds, and those for which it does not.
  fileprivate func divided(where holds: (Int) -> Bool) -> (those: [Int], others: [Int]) {
    reduce(into: ([], [])) { parts, number in
      if holds(number) { parts.0.append(number) } else { parts.1.append(number) }
    }
  }
}
