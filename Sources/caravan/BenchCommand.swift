import ArgumentParser
import Campaigns
import Foundation
import MPI
import Runs
import Storage

struct BenchCommand: GroupCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Times training steps on made-up sessions, alone or on all ranks of mpirun.",
    discussion: """
      Prints where a step's time goes, how much of the speed of matrix products it reaches, which it measures itself, \
      and what memory and messages it takes. No data are needed.

      mpirun -n 2 --bind-to none caravan bench --model NARM --items 1M
      """)

  @Option(help: ArgumentHelp("Write the report here, too, as JSON.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Write a trace of the timed steps, for Perfetto or about:tracing.", valueName: "file"))
  var trace: String?

  @Option(
    help: ArgumentHelp(
      "Measure this node for caravan plan instead, and write the constants here. Only --threads-per-rank counts then.",
      valueName: "file"))
  var calibrate: String?

  @OptionGroup(title: "Steps") var steps: OptionFlags<BenchSection>
  @OptionGroup(title: "Model") var model: OptionFlags<ModelSection>

  @OptionGroup(title: "Machine") var machine: MachineOptions

  func run(_ group: any ProcessGroup) throws {
    let given = ["model": "GRU4Rec"].merging(steps.given) { $1 }.merging(model.given) { $1 }
    let plan = try PlanSource.ofLeader(file: nil, flags: given, group: group).plan(BenchPlan.self)
    try group.requirePlaces(forJSON: [json, trace, calibrate], inputs: [])
    try warnOfShortCores(threads: plan.threadsPerRank, group)
    if let calibrate { return try measureNode(plan, calibrate, group) }
    let report = try StepBenchmark(plan, trace: trace, group: group).run()
    try group.together {
      guard group.rank == 0 else { return }
      print(report.table, terminator: "")
      if let json { try atomicWrite(try report.json(), to: json) }
    }
  }

  private func measureNode(_ plan: BenchPlan, _ path: String, _ group: any ProcessGroup) throws {
    let speed = try NodeCalibration(threads: plan.threadsPerRank, path: path, group: group).run()
    try group.together {
      guard group.rank == 0 else { return }
      print(speed.table, terminator: "")
      try atomicWrite(try speed.json(), to: path)
    }
  }
}
