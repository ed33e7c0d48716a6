import ArgumentParser
import Campaigns
import Foundation
import MPI
import Runs

struct FinetuneCommand: GroupCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Adapts a pre-trained model to locales, one model each or one for all, side by side on all ranks.",
    usage: "caravan finetune --dataset <folder> --checkpoint <folder> --out <folder> [<options>]",
    discussion: """
      Every locale gets a group of ranks, or queues for one, and a run's folder of its own at --out. What comes out for a locale has the same bytes on any number of ranks. The report, zero-shot against \
      fine-tuned, is printed and written to handoff.json. The same command started again goes on where it stopped.

      mpirun -n 4 --bind-to none caravan finetune --dataset data --checkpoint runs/first --locales ES,FR,IT --out runs/handoff
      """)

  @Option(help: ArgumentHelp("A YAML file of options.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The folder of all runs; made if it is not there.", valueName: "folder"))
  var out: String

  @Option(help: ArgumentHelp("auto: what is done is not done again; never: anew.", valueName: "auto|never"))
  var resume = ResumeChoice.auto

  @OptionGroup(title: "Hand-off") var handOff: OptionFlags<HandOffSection>
  @OptionGroup(title: "Plan") var plan: OptionFlags<HandOffPlanSection>
  @OptionGroup(title: "Optimization") var optimization: OptionFlags<OptimizationSection>
  @OptionGroup(title: "Loss") var loss: OptionFlags<HandOffLossSection>
  @OptionGroup(title: "Model") var model: OptionFlags<HandOffModelSection>

  enum ResumeChoice: String, ExpressibleByArgument, CaseIterable { case auto, never }

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Machine") var machine: MachineOptions

  func run(_ group: any ProcessGroup) throws {
    let given = joined(plan.given, optimization.given, loss.given, model.given, handOff.given)
    let source = try PlanSource.ofLeader(file: config, flags: given.with(machine), group: group)
    note(source.notices, group)
    let report = try HandOff(
      source, folder: group.leaderFolder(out), startsAnew: resume == .never, output: output.output, group: group
    ).run()
    guard let report else { return }
    print(report.table, terminator: "")
    print("\(report.split) split, candidates \(report.candidates)")
  }
}
