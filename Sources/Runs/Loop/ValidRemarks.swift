import Evaluation
import MPI
import Sessions
import Text

/// What to know about a finished run's figure on the valid split: whether it would have risen further, and what plain
/// counting has on the same sessions.
struct ValidRemarks {
  let lines: [String]

  /// Counts the training sessions and ranks the valid ones; collective.
  /// - Parameter wasRising: whether the last epoch was the best.
  init(
    _ validation: ValidEvaluation, wasRising: Bool, trainedOn sessions: SessionTable, _ chosen: [Int32],
    of dataset: PreparedDataset, group: any ProcessGroup
  ) throws {
    let counts = try ItemCounts.count(
      .covisit, in: sessions, selection: chosen, rows: dataset.itemCount + 1, localeCount: dataset.locales.count,
      group: group)
    let counted = try validation.value(of: RankingModel.counting(counts).rankingScorer()) ?? 0
    let metric = validation.metric
    lines =
      (wasRising ? ["valid \(metric) was still rising: more --epochs, with another --out, may give more"] : [])
      + [
        "COVISIT, which counts what followed an item, has \(metric) \(counted.formatted(digits: 4)) on the same sessions"
      ]
  }
}
