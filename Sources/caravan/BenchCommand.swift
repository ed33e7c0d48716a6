import ArgumentParser
import Foundation
import MPI
import Storage
import Tensors
import Training

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Times training steps on made-up sessions, alone or on all ranks of mpirun.",
    discussion: """
      Prints where a step's time goes, how much of the speed of matrix products it reaches, which it measures itself,
      and what memory and messages it takes. No data are needed.
      """)

  @Option(help: "Items of the catalogue. (default: 197833)")
  var items: Int?

  @Option(help: "Sessions in a global batch. (default: 1024)")
  var batchSize: Int?

  @Option(help: "Parts of a batch that are added in a fixed tree. (default: 8)")
  var lanes: Int?

  @Option(help: "The model: see caravan models.")
  var model = "GRU4Rec"

  @Option(help: "Steps that are timed. (default: 10)")
  var steps: Int?

  @Option(help: "Steps before them. (default: 2)")
  var warmupSteps: Int?

  @Option(help: "f32 or bf16. (default: f32)")
  var precision: Precision?

  @Option(help: "Instruction set: avx2, avx512 or avx512_bf16. (default: all that the CPU has)")
  var isa: InstructionSet?

  @Option(help: "Threads of a rank. (default: 1)")
  var threadsPerRank: Int?

  @Option(help: "From which all random numbers follow. (default: 2023)")
  var seed: UInt64?

  @Option(help: ArgumentHelp("Write the report here, too, as JSON.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Write a trace of the timed steps, for Perfetto or about:tracing.", valueName: "file"))
  var trace: String?

  @OptionGroup(title: "Model, with defaults of its own (see caravan models)") var modelOptions: ModelOptionFlags

  func run() throws { MPIRuntime.run(measure) }

  private func measure(_ group: any ProcessGroup) throws {
    if let isa { try group.together { try InstructionSet.pin(isa) } }
    let plan = try group.together {
      try PlanSource(file: nil, flags: flags.merging(modelOptions.flags) { own, _ in own }).plan(BenchPlan.self)
    }
    try warnOfShortCores(threads: plan.threadsPerRank, group)
    let report = try StepBenchmark(plan, trace: trace, group: group).run()
    try group.together {
      guard group.rank == 0 else { return }
      print(report.table, terminator: "")
      if let json { try atomicWrite(try report.json(), to: json) }
    }
  }

  private var flags: [String: String] {
    given([
      ("items", items), ("batch_size", batchSize), ("lanes", lanes), ("model", model), ("steps", steps),
      ("warmup_steps", warmupSteps), ("precision", precision?.rawValue), ("threads_per_rank", threadsPerRank),
      ("seed", seed),
    ])
  }
}
