import ArgumentParser
import Foundation
import MPI
import Sessions
import Training

struct FinetuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Adapts a pre-trained model to locales, one model each or one for all, side by side on all ranks.",
    discussion: """
      Every locale gets a group of ranks, or queues for one, and a run's folder of its own at --out. Model, loss and \
      targets are the checkpoint's where they are not given; all other options have the defaults of caravan train. \
      What comes out for a locale has the same bytes on any number of ranks. The report, zero-shot against \
      fine-tuned, is printed and written to handoff.json. The same command started again goes on where it stopped.
      """)

  @Option(help: ArgumentHelp("A YAML file of options.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The folder of all runs; made if it is not there.", valueName: "folder"))
  var out: String

  @Option(help: ArgumentHelp("auto: what is done is not done again; never: anew.", valueName: "auto|never"))
  var resume = ResumeChoice.auto

  @OptionGroup(title: "Hand-off") var handOff: HandOffOptions
  @OptionGroup(title: "Plan") var plan: PlanOptions
  @OptionGroup(title: "Optimization") var optimization: OptimizationOptions
  @OptionGroup(title: "Loss") var loss: LossOptions
  @OptionGroup(title: "Model, by default as in the checkpoint") var modelOptions: ModelOptionFlags

  enum ResumeChoice: String, ExpressibleByArgument, CaseIterable { case auto, never }

  func run() throws { MPIRuntime.run(finetune) }

  private func finetune(_ group: any ProcessGroup) throws {
    let source = try group.together { try PlanSource(file: config, flags: flags) }
    let report = try HandOff(source, folder: out, startsAnew: resume == .never, group: group).run()
    if let report { print(report.table, terminator: "") }
  }

  /// All options that were given, by their names in a configuration file.
  private var flags: [String: String] {
    [plan.flags, optimization.flags, loss.flags, modelOptions.flags, handOff.flags].reduce(into: [:]) { all, some in
      all.merge(some) { _, later in later }
    }
  }
}

/// What is handed over how, as flags.
struct HandOffOptions: ParsableArguments {
  @Option(
    name: [.long, .customLong("saved-model")],
    help: ArgumentHelp(
      "The pre-trained run (its best checkpoint, else its latest) or checkpoint.",
      valueName: "folder"))
  var checkpoint: String?

  @Option(help: "each: a model a locale; joint: one for all of them; both. (default: each)")
  var mode: FineTuningPlan.Mode?

  @Option(
    help: ArgumentHelp(
      """
      What targets are ranked among: what was seen in the session's locale, in any of --locales, or the whole \
      catalogue. (default: locale)
      """, valueName: "locale|joint|all|list"))
  var candidates: String?

  @Option(help: "What stays as it is: items, the item table; encoder, all but the item table. (default: none)")
  var freeze: FrozenWeights?

  @Option(help: "The optimizer's moments: fresh, or keep the checkpoint's. (default: fresh)")
  var moments: FineTuningPlan.MomentRule?

  @Flag(help: "Also train from scratch on the same sessions, with the same budget.")
  var scratch = false

  @Option(help: "The split of the report. (default: test where its answers are known, else valid)")
  var split: DatasetSplit?

  var flags: [String: String] {
    given([
      ("checkpoint", checkpoint), ("mode", mode?.rawValue), ("candidates", candidates), ("freeze", freeze?.rawValue),
      ("moments", moments?.rawValue), ("scratch", scratch ? "true" : nil), ("split", split?.rawValue),
    ])
  }
}

extension FineTuningPlan.Mode: ExpressibleByArgument {}
extension FineTuningPlan.MomentRule: ExpressibleByArgument {}
extension FrozenWeights: ExpressibleByArgument {}
