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
    public var candidates = CandidateRule.locale
    /// Whether a session's own items are no candidates.
    public var filterSeen = false
    /// Items a session.
    public var top = 100

    public init() {}
  }

  /// Items a session, at most: a thread keeps that many for each session of a chunk.
  static let mostItems = 100_000

  private let group: any ProcessGroup
  private let options: Options
  private let team: ThreadTeam
  private let candidates: Candidates
  private let popular: PopularItems
  /// The id of a row, for messages.
  private let itemID: ((Int32) -> String)?

  package init(
    localeMask: some Collection<UInt8>, popular: PopularItems, _ options: Options,
    team: ThreadTeam = ThreadTeam(), itemID: ((Int32) -> String)? = nil, group: any ProcessGroup
  ) {
    self.itemID = itemID
    self.group = group
    self.options = options
    self.team = team
    self.popular = popular
    candidates = Candidates(options.candidates, localeMask: localeMask)
  }

  /// - Parameter threads: how many threads of this process rank; they change no prediction.
  public convenience init(
    _ dataset: PreparedDataset, _ options: Options = Options(), threads: Int = 1, group: any ProcessGroup
  ) {
    let table = dataset.candidates
    self.init(
      localeMask: table.localeMask,
      popular: PopularItems(trainCount: table.trainCount, rows: table.localeMask.count), options,
      team: ThreadTeam(count: threads), itemID: dataset.itemIDs.id(of:), group: group)
  }

  /// Predicts; collective.
  /// - Parameters:
  ///   - sessions: the same on every rank. A session without clicks gets what is popular in its locale, of the
  ///     candidates alone.
  ///   - progress: called on rank 0, with sessions done and sessions in all.
  /// - Returns: on rank 0 the predictions, in the order of the sessions; nil on the others.
  /// - Throws: `EvaluationError.badTop`, `.tooManyPredictions`, `.catalogueDiffers`, `.noProducts`,
  ///   `.noProductsForSessions`, `.notFinite`, or where a signal asked to stop `EndOfProcess`, on every rank; or an
  ///   `MPIError`.
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
    let selection = (0..<Int32(sessions.count)).filter { !sessions.range(of: Int($0)).isEmpty }
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
    let ordered = isRoot ? chunks.inSessionOrder(all, width: options.top) : []
    try requireFinite(ordered, of: selection)
    return isRoot ? complete(ordered, of: selection, sessions) : nil
  }

  /// A round's lists are in memory at once.
  private var chunksAtOnce: Int { options.top > 1_000 ? team.count : 4 * team.count }

  /// Tells every rank whether rank 0, which has all predictions, found a score that is not finite; collective.
  private func requireFinite(_ items: [Int32], of selection: [Int32]) throws {
    var found: [Int32] = [0, 0, 0]
    if let place = items.firstIndex(where: { $0 < 0 }) { found = [1, -items[place], selection[place / options.top]] }
    try group.broadcast(&found, from: 0)
    if found[0] == 0 { return }
    throw EvaluationError.notFinite(
      row: Int(found[1]), item: itemID?(found[1]), split: "asked", session: Int(found[2]))
  }

  /// Puts the popular items in for the sessions without clicks.
  private func complete(_ items: [Int32], of selection: [Int32], _ sessions: SessionTable) -> Predictions {
    guard selection.count < sessions.count else { return Predictions(top: options.top, items: items) }
    let popular = ShopLocale.allCases.map { locale in
      let allowed = candidates.allowed(forLocale: locale.rawValue)
      let found = self.popular.items(forLocale: locale.rawValue, limit: options.top) {
        candidates.contains($0, allowed: allowed)
      }
      return found + [Int32](repeating: 0, count: options.top - found.count)
    }
    var complete: [Int32] = []
    complete.reserveCapacity(sessions.count * options.top)
    var next = 0
    for session in 0..<sessions.count {
      if sessions.range(of: session).isEmpty {
        complete += popular[Int(sessions.locales[session])]
      } else {
        complete += items[next..<next + options.top]
        next += options.top
      }
    }
    return Predictions(top: options.top, items: complete)
  }

  private func check(_ scorer: any CatalogueScorer, _ sessions: SessionTable) throws(EvaluationError) {
    let rows = candidates.membership.count
    if scorer.share.catalogueRows != rows {
      throw .catalogueDiffers(modelItems: scorer.share.catalogueRows - 1, datasetItems: rows - 1)
    }
    if !(1...min(rows - 1, Self.mostItems)).contains(options.top) { throw .badTop(options.top, items: rows - 1) }
    if sessions.count > Int(Int32.max) / options.top {
      throw .tooManyPredictions(sessions: sessions.count, top: options.top)
    }
    let missing = candidates.localesWithoutProducts
    if !missing.isEmpty { throw .noProducts(locales: missing.map(\.name)) }
    let counts = sessions.sessionCountsByLocale()
    for locale in ShopLocale.allCases where counts[Int(locale.rawValue)] > 0 {
      if candidates.exist(forLocale: locale.rawValue) { continue }
      let first = sessions.locales.firstIndex(of: locale.rawValue) ?? 0
      throw .noProductsForSessions(
        locale: locale.name, sessions: counts[Int(locale.rawValue)], of: sessions.count, first: first)
    }
  }
}
