import ArgumentParser
import Evaluation
import Foundation
import Logging
import MPI
import Runs
import Sessions
import Text

struct TrainCommand: GroupCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a model on a prepared data set, alone or on all ranks of mpirun.",
    usage: "caravan train --dataset <folder> --model <name> --out <folder> [<options>]",
    discussion: """
      Options may also stand in a YAML file, under the names of the flags with underscores; a flag outweighs the \
      file. Names of RecBole (--learning-rate, --train-batch-size …) are understood in both. The run's folder gets \
      config.yaml, metrics.jsonl, log.txt, TensorBoard events and checkpoints/. \
      SIGTERM, SIGINT, SIGUSR1 or SIGHUP write a checkpoint and stop, with exit code 75; the same command then goes \
      on from there. caravan help train NARM has one model's options alone, with its defaults.

      caravan train --dataset data --model NARM --out runs/narm
      mpirun -n 4 --bind-to none caravan train --dataset data --model CORE --epochs 8 --out runs/core
      """)

  @Option(help: ArgumentHelp("A YAML file of options.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The folder of the run; made if it is not there.", valueName: "folder"))
  var out: String

  @Option(
    help: ArgumentHelp(
      "auto: from the newest checkpoint at --out; never: anew, checkpoints that are there go; or a checkpoint.",
      valueName: "auto|never|path"))
  var resume = "auto"

  @Option(
    help: ArgumentHelp(
      "Write a trace of a few steps over all ranks, for Perfetto or about:tracing.",
      valueName: "file"))
  var trace: String?

  @OptionGroup(title: "Plan") var plan: OptionFlags<PlanSection>
  @OptionGroup(title: "Optimization") var optimization: OptionFlags<OptimizationSection>
  @OptionGroup(title: "Loss") var loss: OptionFlags<LossSection>
  @OptionGroup(title: "Model") var model: OptionFlags<ModelSection>
  @OptionGroup(title: "Counting") var counting: OptionFlags<CountingSection>

  @OptionGroup(title: "Output") var output: OutputOptions

  @OptionGroup(title: "Machine") var machine: MachineOptions

  func run(_ group: any ProcessGroup) throws {
    let given = joined(plan.given, optimization.given, loss.given, model.given, counting.given)
    let source = try PlanSource.ofLeader(file: config, flags: given.with(machine), group: group)
    note(source.notices, group)
    if source.countingModel != nil { return try count(source, group) }
    let plan = try source.plan(TrainingPlan.self)
    note(source.idleOptions(of: plan), group)
    let dataset = try PreparedDataset.open(plan.dataset, group: group)
    if !plan.loss.isFull, plan.loss.samples > dataset.itemCount {
      note(["--n-sample \(plan.loss.samples) draws more than the \(dataset.itemCount) items that there are"], group)
    }
    try RunFolder.keep(out, group: group) {
      let inputs = [plan.dataset] + [config].compactMap { $0 } + RunFolder.ownFiles(out)
      try group.requirePlaces(forJSON: [trace], inputs: inputs)
      let log = try group.together { try openLog(isLeader: group.rank == 0) }
      log.info("\(plan.modelName) on \(counted(group.size, "rank")), \(plan.lanes) lanes: \(out)")
      log.debug("command: \(ownCommandLine)")
      let run = try TrainingRun(
        plan, dataset: dataset, folder: out, group: group, log: log, output: output.output, trace: trace)
      let summary = try run.run(resumePolicy)
      if group.rank == 0 { finish(text(of: summary), log) }
    }
  }

  /// Trains a model that counts.
  private func count(_ source: PlanSource, _ group: any ProcessGroup) throws {
    var plan = try source.plan(CountingPlan.self)
    let dataset = try PreparedDataset.open(plan.dataset, group: group)
    plan.locales = try dataset.locales.canonical(plan.locales)
    try RunFolder.keep(out, group: group) {
      let log = try group.together {
        let log = try openLog(isLeader: group.rank == 0)
        if group.rank == 0 { try RunFolder.write(plan, to: out) }
        return log
      }
      log.info("\(plan.modelName) on \(counted(group.size, "rank")): \(out)")
      log.debug("command: \(ownCommandLine)")
      try CountingRun(plan, dataset: dataset, folder: out, group: group, log: log).run(resumePolicy)
      if group.rank == 0 { finish("counted: \(out)/checkpoints/latest", log) }
    }
  }

  /// Says what came of it, also in the log.
  private func finish(_ line: String, _ log: Logger) {
    print(line)
    log.debug("\(line)")
  }

  private func openLog(isLeader: Bool) throws -> Logger {
    isLeader ? try RunLogHandler.logger(run: out, output: output.output) : RunLogHandler.silent
  }

  private var resumePolicy: ResumePolicy {
    switch resume.lowercased() {
    case "auto": .auto
    case "never": .never
    default: .from(resume)
    }
  }

  private func text(of summary: TrainingRun.Summary) -> String {
    var parts = ["\(counted(summary.step, "step")), \(counted(summary.epochs, "epoch")) done"]
    if summary.isStoppedEarly { parts.append("stopped early") }
    if let value = summary.bestValue, let step = summary.bestStep {
      parts.append("best valid \(value.formatted(digits: 4)) at step \(step)")
    }
    let checkpoint = summary.bestStep == nil ? "latest" : "best"
    return parts.joined(separator: ", ") + ": \(out)/checkpoints/\(checkpoint)"
  }
}
