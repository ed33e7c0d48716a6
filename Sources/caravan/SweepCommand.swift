import ArgumentParser
import Campaigns
import Foundation
import MPI
import Text

struct SweepCommand: GroupCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Runs a command with many choices of options, and finds the best by the valid metric.",
    discussion: """
      The file names a command, options that all jobs have, and a grid or a random search over others. Jobs run one \
      after another, or side by side in groups of ranks; each that ends is a line of jobs.jsonl. The same command \
      started again goes on where it was. The results are in results.txt, the best job's options in best.yaml, for \
      caravan train --config, and the link best leads to its run.

      mpirun -n 4 --bind-to none caravan sweep configs/sweeps/gru4rec.yaml --out sweeps/gru4rec
      """)

  @Argument(help: ArgumentHelp("The YAML file of the sweep.", valueName: "file"))
  var file: String

  @Option(help: ArgumentHelp("The folder of the sweep; made if it is not there.", valueName: "folder"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "An option that all jobs have; outweighs the file; may be given several times.",
      valueName: "option=value"))
  var set: [String] = []

  @Option(
    help: ArgumentHelp(
      "Ranks of a job: with fewer than there are, jobs run side by side. (default: all)", valueName: "number"))
  var ranksPerJob: Int?

  @Flag(help: "Run those jobs again that failed.")
  var retryFailed = false

  @Flag(help: "List the jobs, check their options, and run none.")
  var dryRun = false

  func validate() throws {
    if out == nil && !dryRun { throw ValidationError("Missing expected argument '--out <folder>'") }
  }

  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions

  func run(_ group: any ProcessGroup) throws {
    var text = try group.together { group.rank == 0 ? try SweepFile.read(file) : "" }
    try group.broadcast(&text, from: 0)
    let sweep = try SweepFile(parsing: text, path: file, settings: set)
    guard let out, !dryRun else {
      return try group.together { if group.rank == 0 { try list(sweep) } }
    }
    let run = try SweepRun(
      sweep, folder: group.leaderFolder(out), group: group, ranksPerJob: ranksPerJob, output: output.output)
    let results = try run.run(retryFailed: retryFailed)
    if let results { print(results.text + "results: \(out)/results.txt") }
    try run.requireNothingLeft(results)
  }

  /// A line a job, with what is wrong with its options.
  private func list(_ sweep: SweepFile) throws {
    let command = try sweep.chooseCommand()
    let jobs = try sweep.jobs()
    let faults = jobs.map { job -> String? in
      do {
        try command.validate(job.options)
        return nil
      } catch { return "\(error)" }
    }
    // What is wrong with all of them is no job's own.
    if let common = faults.first ?? nil, faults.count > 1, faults.allSatisfy({ $0 == common }) {
      throw EndOfProcess(code: 1, sentence: "none of the \(faults.count) jobs can run: \(common)")
    }
    for (job, fault) in zip(jobs, faults) { print(job.name + (fault.map { "  \($0)" } ?? "")) }
    print(counted(jobs.count, "job"))
    let wrong = faults.count { $0 != nil }
    if wrong > 0 { throw EndOfProcess(code: 1, sentence: "\(wrong) of \(jobs.count) jobs cannot run, see above") }
  }
}
