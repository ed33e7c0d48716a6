import Evaluation
import MPI
import Sessions

/// What each epoch is judged by: the valid split's sessions, those of the plan's locales.
struct ValidEvaluation {
  let metric: RankingMetric
  private let evaluator: Evaluator
  private let sessions: SessionTable?
  private let selection: [Int32]

  /// - Parameter candidates: what targets are ranked among.
  /// - Throws: `EvaluationError` where the plan's metric is none, `SessionsError` where its locales are.
  init(
    _ plan: TrainingPlan, candidates: CandidateRule, dataset: PreparedDataset, group: any ProcessGroup
  ) throws {
    metric = try RankingMetric(parsing: plan.validMetric)
    var options = EvaluationOptions()
    options.candidates = candidates
    options.cutoffs = Set(options.cutoffs + [metric.cutoff]).sorted()
    evaluator = try Evaluator(dataset, options, threads: plan.threadsPerRank, group: group)
    sessions = dataset.split(.valid)
    let codes = try dataset.locales.codes(of: plan.locales)
    selection = sessions.map { $0.sessions(in: codes) } ?? []
  }

  /// Whether there is anything to validate on.
  var hasSessions: Bool { sessions != nil && !selection.isEmpty }

  /// The model's figures, and the one that decides; nil where there is nothing to validate on. Collective.
  func evaluate(_ served: ServedModel) throws -> (value: Double, figures: RankingMetrics)? {
    guard let sessions, !selection.isEmpty else { return nil }
    let figures = try evaluator.evaluate(served, on: sessions, selection: selection, split: "valid")
    return (try figures.value(of: metric), figures)
  }

  /// The figure that decides, of whatever scores the catalogue; nil where there is nothing to validate on. Collective.
  func value(of scorer: any CatalogueScorer) throws -> Double? {
    guard let sessions, !selection.isEmpty else { return nil }
    return try evaluator.evaluate(scorer, on: sessions, selection: selection, split: "valid").value(of: metric)
  }
}
