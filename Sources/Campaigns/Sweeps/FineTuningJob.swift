import Evaluation
import MPI
import Models
import OptionTables
import Runs
import Sessions

/// `caravan finetune` as a job of a sweep: its models in turn, each on all ranks of the job's group.
///
/// Not side by side within a job: were one to fail, the ranks of the others would not hear of it. Jobs themselves may
/// be side by side.
package enum FineTuningJob: SweptCommand {
  package static let name = "finetune"

  package static var inputs: [String: (_ path: String) throws -> String] {
    ["dataset": PreparedDataset.fingerprint(of:), "checkpoint": CheckpointState.weightsChecksum(of:)]
  }

  /// Values of the model's options are checked when the checkpoint is there to say which model it is.
  package static func validate(_ options: [String: String]) throws {
    try HandOff.requireOptions(PlanSource(file: nil, flags: options))
    let plan = try planWithoutModel(options)
    _ = try RankingMetric(parsing: plan.training.validMetric)
  }

  /// Jobs are compared by the mean of the models' valid metrics, each weighed by its training sessions; after it
  /// comes each model's own.
  /// - Throws: `SweepError.noValidSessions`, `.nothingValidated`, and what a hand-off throws.
  package static func run(
    _ options: [String: String], folder: String, group: any ProcessGroup, output: RunOutput
  ) throws -> SweepOutcome {
    let source = try group.together { try PlanSource(file: nil, flags: options) }
    let handOff = try HandOff(source, folder: folder, isSideBySide: false, output: output, group: group)
    try group.together { if group.rank == 0 { try requireValidSessions(options) } }
    let report = try handOff.run()
    return try group.together {
      guard let report else { return SweepOutcome(figures: []) }
      let figures = try report.rows.map { row in
        guard let value = row.fineTuning.bestValid else { throw SweepError.nothingValidated }
        return (name: row.name, value: value, weight: Double(row.trainSessions))
      }
      let mean =
        figures.reduce(0) { $0 + $1.value * $1.weight } / figures.reduce(0) { $0 + $1.weight }
      let metric = handOff.validMetric
      return SweepOutcome(
        figures: [SweepFigure(name: metric, value: mean)]
          + figures.map { SweepFigure(name: "\($0.name) \(metric)", value: $0.value) })
    }
  }

  /// Before anything is trained: every model must have valid sessions.
  /// - Throws: `SweepError.noValidSessions`.
  private static func requireValidSessions(_ options: [String: String]) throws {
    let plan = try planWithoutModel(options)
    let dataset = try PreparedDataset(folder: plan.training.dataset, verify: false)
    let names = dataset.locales
    let chosen = plan.training.locales.isEmpty ? names.names : try names.canonical(plan.training.locales)
    func counts(_ name: DatasetSplit) -> [Int] {
      dataset.split(name)?.sessionCounts(of: names) ?? .init(repeating: 0, count: names.count)
    }
    let (train, valid) = (counts(.train), counts(.valid))
    let locales = chosen.compactMap(names.code(of:)).map { Int($0) }.filter { train[$0] > 0 }
    let lacking = locales.filter { valid[$0] == 0 }
    // The model that is for all locales needs them in one; without locales there is no other.
    let hasSome = locales.isEmpty ? dataset.split(.valid).map { $0.count > 0 } ?? false : lacking.count < locales.count
    if hasSome, lacking.isEmpty || plan.mode == .joint { return }
    throw SweepError.noValidSessions(
      dataset: plan.training.dataset, locales: lacking.map { names.names[$0] }.joined(separator: ", "))
  }

  /// The plan as far as it can be told without the checkpoint: a model's own options are left out.
  /// - Throws: what `PlanSource.plan` throws.
  private static func planWithoutModel(_ options: [String: String]) throws -> FineTuningPlan {
    var options = options
    if options["model"] == nil {
      // What is an option of any model may be one of the checkpoint's.
      options = options.filter { ModelConfiguration.owners(of: GivenOption.normal($0.key)).isEmpty }
      options["model"] = ModelConfiguration.names[0]
    }
    return try PlanSource(file: nil, flags: options).plan(FineTuningPlan.self)
  }
}
