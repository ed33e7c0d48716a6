import MPI
import Models
import Sessions
import Tensors

/// What an evaluation measures.
public struct EvaluationOptions: Equatable, Sendable {
  /// Which items a target is ranked among.
  public var candidates = CandidateRule.all
  /// Whether a session's own items are no candidates.
  public var filterSeen = false
  /// K of Recall@K and the others.
  public var cutoffs = [10, 20, 100]
  /// Whether figures are shown by how often targets occur in training, too.
  public var showsPopularity = false

  /// Ranks among the whole catalogue, at 10, 20 and 100.
  public init() {}
}

/// Ranks the targets of a split's sessions, shared over all ranks of a group.
///
/// The result has the same bits on any number of ranks, wherever the item table is: a chunk of sessions is encoded the
/// same way on any rank, so is a score computed, ranks are integers, and every rank sums all of them in the order of
/// the sessions.
public final class Evaluator {
  let group: any ProcessGroup
  let options: EvaluationOptions
  let team: ThreadTeam
  let candidates: CandidateSets
  private let locales: LocaleNames
  /// How often each row of the whole data set occurs in training.
  private let occurrences: [Int]
  /// The id of a row, for messages.
  private let itemID: ((Int32) -> String)?

  /// - Parameters:
  ///   - products: of the data set.
  ///   - locales: that the sessions' codes stand for.
  ///   - items: how many items the ranked model knows, the first ones; nil for all.
  ///   - itemID: the id of a row, for messages.
  /// - Throws: `SessionsError.unknownLocale`, `.ambiguousLocale`, `EvaluationError.noProducts`.
  package init(
    _ products: CandidateTable, _ locales: LocaleNames, _ options: EvaluationOptions, items: Int? = nil,
    team: ThreadTeam = ThreadTeam(), itemID: ((Int32) -> String)? = nil, group: any ProcessGroup
  ) throws {
    self.itemID = itemID
    self.options = options
    self.team = team
    self.group = group
    self.locales = locales
    occurrences = options.showsPopularity ? products.trainCountsEverywhere() : []
    candidates = try CandidateSets(options.candidates, items.map(products.limited) ?? products, locales)
  }

  /// - Parameters:
  ///   - items: how many items the ranked model knows, the first ones of the data set; nil for all.
  ///   - threads: how many threads of this process rank; they change no figure.
  /// - Throws: `SessionsError.unknownLocale`, `.ambiguousLocale`, `EvaluationError.noProducts`.
  public convenience init(
    _ dataset: PreparedDataset, _ options: EvaluationOptions = EvaluationOptions(), items: Int? = nil, threads: Int = 1,
    group: any ProcessGroup
  ) throws {
    try self.init(
      dataset.candidates, dataset.locales, options, items: items, team: ThreadTeam(count: threads),
      itemID: dataset.itemIDs.id(of:), group: group)
  }

  /// Evaluates a model; collective.
  /// - Parameters:
  ///   - sessions: the same on every rank.
  ///   - selection: which of the sessions count, by their numbers; all if nil.
  ///   - split: the sessions' name, for the result and for messages.
  ///   - progress: called on rank 0, with sessions done and sessions in all.
  /// - Returns: the metrics, on every rank.
  /// - Throws: `EvaluationError.noSessions`, `.unknownTargets`, `.catalogueDiffers`, `.notFinite`, or where a signal asked
  ///   to stop `EndOfProcess`, all of them on every rank; or an `MPIError`.
  public func evaluate(
    _ model: any SessionModel, on sessions: SessionTable, selection: [Int32]? = nil, split: String,
    progress: ((_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> RankingMetrics {
    try evaluate(ServedModel(model), on: sessions, selection: selection, split: split, progress: progress)
  }

  /// Evaluates a model whose table may be in parts; collective. See above.
  package func evaluate(
    _ served: ServedModel, on sessions: SessionTable, selection: [Int32]? = nil, split: String,
    progress: ((_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> RankingMetrics {
    try evaluate(SessionModelScorer(served), on: sessions, selection: selection, split: split, progress: progress)
  }

  /// Evaluates whatever scores the catalogue; collective. See above.
  /// - Parameter scorer: whose holders are this rank alone, or all ranks.
  package func evaluate(
    _ scorer: any CatalogueScorer, on sessions: SessionTable, selection: [Int32]? = nil, split: String,
    progress: ((_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> RankingMetrics {
    let selection = selection ?? Array(0..<Int32(sessions.count))
    let ranks = try ranks(scorer, on: sessions, selection: selection, split: split, progress: progress)
    return metrics(of: ranks, sessions, selection, split: split)
  }

  /// Evaluates a model that knows a part of the items; collective. See above.
  ///
  /// An answer that it does not know is behind all others, as are all where it knows no click of a session: not found.
  package func evaluate(
    _ scorer: any CatalogueScorer, on known: KnownSessions, split: String,
    progress: ((_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> RankingMetrics {
    var all = [Int32](repeating: 0, count: known.whole.count)
    if !known.answerable.isEmpty || all.isEmpty {
      let found = try ranks(scorer, on: known.table, selection: known.answerable, split: split, progress: progress)
      for (session, rank) in zip(known.answerable, found) { all[Int(session)] = rank }
    }
    return metrics(of: all, known.whole, Array(0..<Int32(all.count)), split: split)
  }

  private func metrics(
    of ranks: [Int32], _ sessions: SessionTable, _ selection: [Int32], split: String
  ) -> RankingMetrics {
    var metrics = RankingMetrics(
      split: split, ranks: ranks, locales: selection.map { sessions.locales[Int($0)] }, names: locales,
      cutoffs: options.cutoffs)
    if options.showsPopularity {
      metrics.popularity = PopularityBucket.divide(
        RankingMetric.all(at: options.cutoffs), ranks: ranks,
        occurrences: selection.map { occurrences[Int(sessions.targets[Int($0)])] })
    }
    return metrics
  }

  /// The rank of each selected session's target, 0 for a miss; on every rank of the group.
  package func ranks(
    _ scorer: any CatalogueScorer, on sessions: SessionTable, selection: [Int32], split: String,
    progress: ((_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> [Int32] {
    try check(selection, of: sessions, split: split, scorer: scorer)
    var ranks = [Int32](repeating: 0, count: selection.count)
    var done = 0
    try candidates.forEachGroup(of: selection.map { sessions.locales[Int($0)] }) { candidates, places in
      let found = try self.ranks(scorer, on: sessions, places.map { selection[$0] }, candidates) { part, _ in
        progress?(done + part, selection.count)
      }
      for (place, rank) in zip(places, found) { ranks[place] = rank }
      done += places.count
    }
    // Every rank has all ranks' results here: all fail, and for the same session.
    if let place = ranks.firstIndex(where: { $0 < 0 }) {
      throw EvaluationError.notFinite(
        row: Int(-ranks[place]), item: itemID?(-ranks[place]), split: split, session: Int(selection[place]))
    }
    return ranks
  }

  /// The ranks of sessions that share their bits of candidates; -row of a score that is not finite.
  private func ranks(
    _ scorer: any CatalogueScorer, on sessions: SessionTable, _ selection: [Int32], _ candidates: Candidates,
    progress: @escaping (_ done: Int, _ total: Int) -> Void
  ) throws -> [Int32] {
    let ranker = CatalogueRanker(scorer, candidates: candidates, filterSeen: options.filterSeen, team: team)
    let chunks = SessionChunks(selection, group: group)
    let own = try chunks.ownValues(
      of: sessions, scorer, team, atOnce: 4 * team.count, progress: group.rank == 0 ? progress : nil,
      ranker.ranks(of:))
    let counts = chunks.counts
    try StopSignal.require(isWhole: own.count == counts[group.rank], on: group)
    return chunks.inSessionOrder(try group.allGather(own, counts: counts))
  }

  private func check(
    _ selection: [Int32], of sessions: SessionTable, split: String, scorer: any CatalogueScorer
  ) throws(EvaluationError) {
    if selection.isEmpty { throw .noSessions(split: split) }
    let unknown = selection.filter { sessions.targets[Int($0)] == 0 }
    if let first = unknown.first {
      throw .unknownTargets(split: split, count: unknown.count, of: selection.count, first: Int(first))
    }
    let rows = candidates.rows
    if scorer.share.catalogueRows != rows {
      throw .catalogueDiffers(modelItems: scorer.share.catalogueRows - 1, datasetItems: rows - 1)
    }
  }
}
