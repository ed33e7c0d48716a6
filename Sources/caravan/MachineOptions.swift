import ArgumentParser
import MPI
import Provenance
import Tensors

/// What the ranks of a command compute with: the same, or the bits would be those of no machine.
struct MachineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Compute with no more than avx2, avx512 or avx512_bf16, as all ranks must; or portable, to the same bits on all of \
      these. (default: what the CPU has)
      """, valueName: "name"))
  var isa: InstructionSet?

  @Flag(help: "Go on although ranks, or a checkpoint, differ in CPU, oneDNN or version; the bits are others then.")
  var allowMixedIsa = false

  @Option(
    help: ArgumentHelp(
      "How long a rank waits for another before it ends the job, and says which one did not answer; or never.",
      valueName: "10m|never"))
  var hangTimeout = "10m"

  /// Sets how long ranks wait, pins the instruction set, and compares what computes on all ranks; collective.
  /// - Throws: `InstructionSetError`, `RankAgreement.Difference`.
  func settle(_ group: any ProcessGroup) throws {
    HangTimeout.set(
      hangTimeout == "never" ? nil : .microseconds(try TimeSpan(of: hangTimeout, option: "--hang-timeout").microseconds)
    )
    if let isa { try group.together { try InstructionSet.pin(isa) } }
    if allowMixedIsa { return }
    let build = BuildInformation.current
    try RankAgreement.require(
      [
        ("caravan", "\(build.version) (\(build.commit))"), ("MPI", build.mpi),
        ("oneDNN", build.oneDNNOfBits ?? "any"), ("the instruction set", build.instructionSet),
      ], group, advice: "install the same everywhere, pin --isa portable or what all have, or say --allow-mixed-isa")
  }
}

extension [String: String] {
  /// Options of a plan, and what of the machine's concerns it.
  func with(_ machine: MachineOptions) -> [String: String] {
    machine.allowMixedIsa ? merging(["allow_mixed_isa": "true"]) { own, _ in own } : self
  }
}

extension InstructionSet: ExpressibleByArgument {}
