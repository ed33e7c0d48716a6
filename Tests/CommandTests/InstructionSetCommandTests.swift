import Foundation
import Provenance
import Tensors
import TestSupport
import Testing

/// `--isa` and what says which instruction set computes.
@Suite(.serialized) final class InstructionSetCommandTests {
  private let folder: String

  init() throws { folder = try CaravanCommand.temporaryFolder() }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func bench(_ options: [String], ranks: Int? = nil, _ environment: [String: String] = [:]) throws
    -> MPIRun.Outcome
  {
    try CaravanCommand.run(
      [
        "bench", "--items", "2000", "--batch-size", "64", "--lanes", "2", "--steps", "2", "--warmup-steps", "1",
        "--json", report,
      ] + options, ranks: ranks, environment: environment)
  }

  private var report: String { "\(folder)/report.json" }

  /// What a run's bits are known by here, and the instruction set that it names.
  private func loss(_ options: [String], ranks: Int? = nil, _ environment: [String: String] = [:]) throws
    -> (loss: Double, instructionSet: String)
  {
    let outcome = try bench(options, ranks: ranks, environment)
    #expect(outcome.status == 0, "\(outcome.stderr)")
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: report)))
    let values = try #require(json as? [String: Any])
    return try (#require(values["loss"] as? Double), #require(values["instruction_set"] as? String))
  }

  @Test func theOptionDoesWhatTheVariableDoes() throws {
    let names = ["avx2": "AVX2", "avx512": "AVX512_CORE", "avx512_bf16": "AVX512_CORE_BF16"]
    guard let cpu = InstructionSet.ofCPU else { return }
    for set in InstructionSet.ofCPUs where set <= cpu {
      let pinned = try loss(["--isa", set.rawValue]), shared = try loss(["--isa", set.rawValue], ranks: 2)
      let limited = try loss([], ["DNNL_MAX_CPU_ISA": try #require(names[set.rawValue])])
      #expect(pinned == limited && pinned == shared, "\(set.rawValue)")
      #expect(pinned.instructionSet.hasPrefix(set.rawValue.prefix { $0 != "_" }))
      // The option comes before the variable, upwards too.
      #expect(try loss(["--isa", set.rawValue], ["DNNL_MAX_CPU_ISA": "SSE41"]) == pinned)
    }
  }

  @Test func otherInstructionsAreOtherBits() throws {
    guard let cpu = InstructionSet.ofCPU, cpu != .avx2 else { return }
    #expect(try loss(["--isa", "avx2"]).loss != loss(["--isa", "avx512"]).loss)
  }

  @Test func moreThanTheCPUHasIsRefused() throws {
    guard let cpu = InstructionSet.ofCPU, cpu != .avx512BF16 else { return }
    let outcome = try bench(["--isa", "avx512_bf16"])
    #expect(outcome.status == 1)
    #expect(outcome.stderr.contains("--isa avx512_bf16 is more than this CPU has: choose \(cpu.rawValue)"))
  }

  @Test func whatCannotBeSaysWhatIsThere() {
    let errors: [(InstructionSetError, String)] = [
      (.lacking(.avx512BF16, ofCPU: .avx512), "--isa avx512_bf16 is more than this CPU has: choose avx512 or less"),
      (.lacking(.avx512, ofCPU: .avx2), "--isa avx512 is more than this CPU has: choose avx2"),
      (
        .lacking(.avx2, ofCPU: nil),
        "--isa avx2 is more than this CPU has, which is no x86-64 CPU with AVX2: leave it out"
      ),
      (
        .lacking(.portable, ofCPU: nil),
        "--isa portable is more than this CPU has, which is no x86-64 CPU with AVX2: leave it out"
      ),
    ]
    for (error, line) in errors { #expect("\(error)" == line) }
  }

  @Test func bfloat16NeedsItsInstructions() throws {
    guard InstructionSet.ofCPU == .avx512BF16 else { return }
    for isa in ["avx2", "avx512"] {
      let outcome = try bench(["--isa", isa, "--precision", "bf16"])
      #expect(outcome.status == 1)
      #expect(outcome.stderr.contains("--precision bf16 needs more than --isa \(isa), or DNNL_MAX_CPU_ISA, allows"))
    }
    #expect(try bench(["--isa", "avx512_bf16", "--precision", "bf16"]).status == 0)
  }

  @Test func bfloat16IsNotPortable() throws {
    guard InstructionSet.ofCPU != nil else { return }
    let outcome = try bench(["--isa", "portable", "--precision", "bf16"], ranks: 2)
    #expect(outcome.status == 1)
    #expect(
      outcome.stderr
        == "caravan: rank 0 on host \(MPIRun.hostname): --isa portable has no --precision bf16, whose products only some CPUs "
        + "have: leave one of them out\n")
  }

  @Test func theVersionNamesWhatComputes() throws {
    let outcome = try CaravanCommand.run(["--version"], environment: ["DNNL_MAX_CPU_ISA": "SSE41"])
    #expect(outcome.status == 0 && outcome.stderr == "")
    var here = BuildInformation.current
    here.instructionSet = "sse41"
    #expect(outcome.stdout == "\(here)\n")
    #expect(here.commit == "unknown" || here.commit.prefix(40).allSatisfy(\.isHexDigit))
    #expect(here.oneDNN.split(separator: ".").count == 3)
    // As it goes into JSON: flat, and what comes back is equal.
    let json = try JSONEncoder().encode(here)
    #expect(try JSONDecoder().decode([String: String].self, from: json).count == 5)
    #expect(try JSONDecoder().decode(BuildInformation.self, from: json) == here)
  }
}
