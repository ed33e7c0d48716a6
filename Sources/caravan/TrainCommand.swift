import ArgumentParser
import Evaluation
import Foundation
import Logging
import MPI
import Sessions
import Text
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a model on a prepared data set, alone or on all ranks of mpirun.",
    discussion: """
      Options may also stand in a YAML file, under the names of the flags with underscores; a flag outweighs the
      file. The run's folder gets config.yaml, metrics.jsonl, log.txt, TensorBoard events and checkpoints/.
      SIGTERM, SIGINT, SIGUSR1 or SIGHUP write a checkpoint and stop, with exit code 75; the same command then goes \
      on from there.
      """)

  @Option(help: ArgumentHelp("A YAML file of options.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The folder of the run; made if it is not there.", valueName: "folder"))
  var out: String

  @Option(
    help: ArgumentHelp(
      "auto: from the newest checkpoint at --out; never: anew; or a checkpoint.",
      valueName: "auto|never|path"))
  var resume = "auto"

  @Option(
    help: ArgumentHelp(
      "Write a trace of a few steps over all ranks, for Perfetto or about:tracing.",
      valueName: "file"))
  var trace: String?

  @OptionGroup(title: "Plan") var plan: PlanOptions
  @OptionGroup(title: "Optimization") var optimization: OptimizationOptions
  @OptionGroup(title: "Loss") var loss: LossOptions
  @OptionGroup(title: "Model, with defaults of its own (see caravan models)") var modelOptions: ModelOptionFlags

  func run() throws { MPIRuntime.run(train) }

  private func train(_ group: any ProcessGroup) throws {
    let source = try group.together { try PlanSource(file: config, flags: flags) }
    if source.countingModel != nil { return try count(source, group) }
    let plan = try group.together { try source.plan(TrainingPlan.self) }
    let dataset = try PreparedDataset.open(plan.dataset, group: group)
    let lock = try group.together { group.rank == 0 ? try RunFolder.claim(out) : nil }
    defer { lock?.release() }
    let log = try group.together { try openLog(isLeader: group.rank == 0) }
    log.info("\(plan.modelName) on \(ranks(of: group)), \(plan.lanes) lanes: \(out)")
    let run = try TrainingRun(plan, dataset: dataset, folder: out, group: group, log: log, trace: trace)
    let summary = try run.run(resumePolicy)
    if group.rank == 0 { print(text(of: summary)) }
  }

  /// Trains a model that counts.
  private func count(_ source: PlanSource, _ group: any ProcessGroup) throws {
    let plan = try group.together { try source.plan(CountingPlan.self) }
    let dataset = try PreparedDataset.open(plan.dataset, group: group)
    let lock = try group.together { group.rank == 0 ? try RunFolder.claim(out) : nil }
    defer { lock?.release() }
    let log = try group.together {
      let log = try openLog(isLeader: group.rank == 0)
      if group.rank == 0 { try RunFolder.write(plan, to: out) }
      return log
    }
    log.info("\(plan.modelName) on \(ranks(of: group)): \(out)")
    try CountingRun(plan, dataset: dataset, folder: out, group: group, log: log).run(resumePolicy)
    if group.rank == 0 { print("counted: \(out)/checkpoints/latest") }
  }

  private func ranks(of group: any ProcessGroup) -> String { group.size == 1 ? "1 rank" : "\(group.size) ranks" }

  /// All options that were given, by their names in a configuration file.
  private var flags: [String: String] {
    [plan.flags, optimization.flags, loss.flags, modelOptions.flags].reduce(into: [:]) { all, some in
      all.merge(some) { _, later in later }
    }
  }

  private func openLog(isLeader: Bool) throws -> Logger {
    isLeader ? try RunLogHandler.logger(run: out) : RunLogHandler.silent
  }

  private var resumePolicy: ResumePolicy {
    switch resume {
    case "auto": .auto
    case "never": .never
    default: .from(resume)
    }
  }

  private func text(of summary: TrainingRun.Summary) -> String {
    var parts = ["\(summary.step) steps, \(summary.epochs) epochs done"]
    if summary.isStoppedEarly { parts.append("stopped early") }
    if let value = summary.bestValue, let step = summary.bestStep {
      parts.append("best valid \(value.formatted(digits: 4)) at step \(step)")
    }
    let checkpoint = summary.bestStep == nil ? "latest" : "best"
    return parts.joined(separator: ", ") + ": \(out)/checkpoints/\(checkpoint)"
  }
}
