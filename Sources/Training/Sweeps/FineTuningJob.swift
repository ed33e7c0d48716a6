import Evaluation
import MPI

/// `caravan finetune` as a job of a sweep: its models in turn, each on all ranks of the job's group.
///
/// Not side by side within a job: were one to fail, the ranks of the others would not hear of it. Jobs themselves may
/// be side by side.
public enum FineTuningJob: SweptCommand {
  public static let name = "finetune"

  /// Options of the model are checked when the checkpoint is there to say which one it is.
  public static func validate(_ options: [String: String]) throws {
    try HandOff.requireOptions(PlanSource(file: nil, flags: options))
  }

  /// Jobs are compared by the mean of the models' valid metrics, each weighed by its training sessions; after it
  /// comes each model's own.
  /// - Throws: `SweepError.noValidSessions`, and what a hand-off throws.
  public static func run(
    _ options: [String: String], folder: String, group: any ProcessGroup, isQuiet: Bool
  ) throws -> SweepOutcome {
    let source = try group.together { try PlanSource(file: nil, flags: options) }
    var handOff = try HandOff(source, folder: folder, group: group)
    handOff.isSideBySide = false
    handOff.isQuiet = isQuiet
    let report = try handOff.run()
    return try group.together {
      guard let report else { return SweepOutcome(figures: [], isInterrupted: true) }
      let figures = try report.rows.map { row in
        guard let value = row.fineTuning.bestValid else {
          throw SweepError.noValidSessions(
            dataset: options["dataset"] ?? "the data set", locales: row.locales.joined(separator: ", "))
        }
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
}
