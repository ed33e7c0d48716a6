import Evaluation
import MPI
import Sessions

/// The valid sessions that a blend is judged by, and how they are ranked.
package struct ValidSessions {
  let known: KnownSessions
  /// By their numbers; answers that no member knows are left out.
  let selection: [Int32]
  let evaluator: Evaluator
  private let settings: RankingSettings

  /// How many there are.
  package var count: Int { selection.count }

  /// - Parameters:
  ///   - locales: by their names; those that all members were trained on if empty.
  ///   - cutoff: of the figures.
  /// - Throws: `BlendError.noValidSessions`, `SessionsError.unknownLocale`, `.ambiguousLocale`, `.invalidOption`.
  package init(
    of dataset: PreparedDataset, for recommender: Recommender, _ settings: RankingSettings, locales: [String] = [],
    cutoff: Int, threads: Int, group: any ProcessGroup
  ) throws {
    let codes = try dataset.locales.codes(of: locales) ?? recommender.commonLocales
    guard let sessions = dataset.split(.valid) else {
      throw BlendError.noValidSessions(dataset: dataset.folder, locales: [])
    }
    if settings.isTransductive { try dataset.requireWholeSessions(.valid) }
    known = KnownSessions(sessions, items: recommender.items)
    let wanted = Set(sessions.sessions(in: codes))
    selection = known.answerable.filter(wanted.contains)
    if selection.isEmpty {
      let names = (codes ?? []).sorted().compactMap(dataset.locales.name(of:))
      throw BlendError.noValidSessions(dataset: dataset.folder, locales: names)
    }
    self.settings = settings
    var options = EvaluationOptions()
    (options.candidates, options.filterSeen) = (settings.candidates, settings.filterSeen)
    options.cutoffs = [cutoff]
    evaluator = try Evaluator(dataset, options, items: recommender.items, threads: threads, group: group)
  }

  /// A recommender as it ranks these sessions; collective.
  func prepare(_ recommender: Recommender) throws -> Recommender {
    var learned = recommender
    if settings.isTransductive { try learned.learnTransitions(within: known.table) }
    return learned
  }

  /// The figures of a recommender's members, each alone, and of the blend; collective.
  package func figures(of recommender: Recommender) throws -> (alone: [RankingMetrics], blended: RankingMetrics) {
    func figures(_ scorer: any CatalogueScorer) throws -> RankingMetrics {
      try evaluator.evaluate(scorer, on: known.table, selection: selection, split: "valid")
    }
    let learned = try prepare(recommender)
    return (try learned.members.map { try figures($0.model.rankingScorer()) }, try figures(learned.scorer()))
  }
}
