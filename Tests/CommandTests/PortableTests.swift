import Foundation
import Tensors
import TestSupport
import Testing

/// `--isa portable`: what is trained on one CPU has the bits of another. The variable DNNL_MAX_CPU_ISA makes this CPU one
/// that has no AVX-512.
@Suite(.serialized) final class PortableTests {
  private let folder: String
  private let dataset: String
  private let older = ["DNNL_MAX_CPU_ISA": "AVX2"]

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 600, items: 1_100)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func training(_ model: String, _ run: String, steps: Int) -> [String] {
    [
      "train", "--dataset", dataset, "--model", model, "--batch-size", "60", "--max-steps", "\(steps)", "--isa",
      "portable", "--out", folder + "/" + run,
    ]
  }

  /// SHA-256 of the files of the run's last checkpoint: weights, moments and state.
  private func checksums(_ run: String) throws -> [String: String] {
    try CaravanCommand.checksums(ofCheckpoint: folder + "/" + run + "/checkpoints/latest")
  }

  private func train(
    _ model: String, _ run: String, steps: Int = 6, ranks: Int? = nil, _ environment: [String: String] = [:]
  ) throws -> [String: String] {
    let outcome = try CaravanCommand.run(training(model, run, steps: steps), ranks: ranks, environment: environment)
    #expect(outcome.status == 0, "\(outcome.stderr)")
    return try checksums(run)
  }

  /// A recurrent model, and one of attention whose scores are cosines.
  @Test(arguments: ["GRU4Rec", "CORE"])
  func allCPUsTrainTheSameBits(model: String) throws {
    guard InstructionSet.ofCPU != nil else { return }
    let own = try train(model, "own")
    #expect(try train(model, "older", older) == own)
    #expect(try train(model, "two", ranks: 2) == own)
    #expect(try train(model, "two-older", ranks: 2, older) == own)
    // Stopped here, and gone on with there.
    _ = try train(model, "moved", steps: 3)
    #expect(try train(model, "moved", ranks: 2, older) == own)

    func figures(_ environment: [String: String], ranks: Int?) throws -> String {
      let outcome = try CaravanCommand.run(
        [
          "evaluate", "--dataset", dataset, "--checkpoint", folder + "/own", "--split", "test", "--isa", "portable",
          "--json", folder + "/figures.json",
        ], ranks: ranks, environment: environment)
      #expect(outcome.status == 0, "\(outcome.stderr)")
      return try String(contentsOfFile: folder + "/figures.json", encoding: .utf8)
    }
    #expect(try figures([:], ranks: nil) == figures(older, ranks: 2))
  }

  @Test func aCertificateIsVerifiedOnAnotherCPU() throws {
    guard InstructionSet.ofCPU != nil else { return }
    _ = try train("GRU4Rec", "plan", steps: 2)
    let certificate = folder + "/certificate.json"
    func certify(_ options: [String], _ environment: [String: String]) throws -> MPIRun.Outcome {
      try CaravanCommand.run(
        [
          "certify", "--dataset", dataset, "--ranks", "1,2", "--threads", "1", "--layouts", "replicated", "--work",
          folder + "/certified",
        ] + options, environment: environment)
    }
    let made = try certify(
      ["--config", folder + "/plan/config.yaml", "--steps", "4", "--isa", "portable", "--out", certificate], [:])
    #expect(made.status == 0, "\(made.stderr)")
    let verified = try certify(["--verify", certificate], older)
    #expect(verified.status == 0 && verified.stdout.hasSuffix("\nsame\n"), "\(verified.stdout)\(verified.stderr)")
  }

  /// One rank with AVX-512 where the CPU has it, and one without.
  @Test func ranksOnUnlikeCPUsTrainTogether() throws {
    guard InstructionSet.ofCPU != nil else { return }
    let caravan = try BuiltProducts.url("caravan")
    let command = training("GRU4Rec", "mixed", steps: 6)
    let mixed = try MPIRun.run(
      ranks: 1, executable: caravan,
      arguments: command + [":", "-n", "1", "env", "DNNL_MAX_CPU_ISA=AVX2", caravan.path] + command)
    #expect(mixed.status == 0, "\(mixed.stderr)")
    #expect(try checksums("mixed") == train("GRU4Rec", "alone"))
  }

  /// It is named as itself, and its checkpoints are its own.
  @Test func itIsRecordedAsItself() throws {
    guard InstructionSet.ofCPU != nil else { return }
    _ = try train("GRU4Rec", "named", steps: 2)
    let state = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: folder + "/named/checkpoints/latest/state.json")))
    #expect((state as? [String: Any])?["instruction_set"] as? String == "portable")
    let header = try String(contentsOfFile: folder + "/named/config.yaml", encoding: .utf8).prefix { $0 != "\n" }
    #expect(header.hasSuffix(", portable"))
    var others = training("GRU4Rec", "named", steps: 4)
    others[others.firstIndex(of: "portable")!] = "avx2"
    let refused = try CaravanCommand.run(others)
    #expect(refused.status == 1)
    #expect(refused.stderr.contains("with the instruction set portable, here it is avx2: pin --isa portable"))
  }
}
