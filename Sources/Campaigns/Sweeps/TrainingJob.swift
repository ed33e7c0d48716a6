import Evaluation
import Foundation
import Logging
import MPI
import Runs
import Sessions

/// `caravan train` as a job of a sweep.
package enum TrainingJob: SweptCommand {
  package static let name = "train"

  package static var inputs: [String: (_ path: String) throws -> String] {
    ["dataset": PreparedDataset.fingerprint(of:)]
  }

  package static func validate(_ options: [String: String]) throws { _ = try makePlan(options) }

  /// - Throws: `SweepError.noValidSessions`, `.nothingValidated`, and what training throws.
  package static func run(
    _ options: [String: String], folder: String, group: any ProcessGroup, output: RunOutput
  ) throws -> SweepOutcome {
    let plan = try group.together { try makePlan(options) }
    let dataset = try PreparedDataset.open(plan.dataset, group: group)
    let codes = try dataset.locales.codes(of: plan.locales)
    if dataset.split(.valid)?.sessions(in: codes).isEmpty ?? true {
      throw SweepError.noValidSessions(dataset: plan.dataset, locales: plan.locales.joined(separator: ", "))
    }
    let lock = try group.together { group.rank == 0 ? try RunFolder.claim(folder) : nil }
    defer { lock?.release() }
    let log = try group.together { () -> Logger in
      guard group.rank == 0 else { return RunLogHandler.silent }
      return try RunLogHandler.logger(run: folder, output: output)
    }
    let run = try TrainingRun(plan, dataset: dataset, folder: folder, group: group, log: log, output: output)
    let summary = try run.run(.auto)
    guard let value = summary.bestValue, let step = summary.bestStep else { throw SweepError.nothingValidated }
    let metric = try RankingMetric(parsing: plan.validMetric)
    let others = try group.together { group.rank == 0 ? figures(ofRun: folder, step: step, but: metric) : [] }
    return SweepOutcome(figures: [SweepFigure(name: metric.description, value: value)] + others)
  }

  private static func makePlan(_ options: [String: String]) throws -> TrainingPlan {
    let plan = try TrainingPlan(file: nil, flags: options)
    _ = try RankingMetric(parsing: plan.validMetric)
    return plan
  }

  /// Recall@100 and MRR@100 of the valid split after a step, as the journal of the run has them.
  private static func figures(ofRun run: String, step: Int, but metric: RankingMetric) -> [SweepFigure] {
    let record = Journal.records(ofRun: run).last { $0.step == step }
    let others = [RankingMetric(.recall, at: 100), RankingMetric(.mrr, at: 100)].filter { $0 != metric }
    return others.compactMap { other in
      record?.valid?.all[other].map { SweepFigure(name: other.description, value: $0) }
    }
  }
}
