import Foundation
import TestSupport
import Testing

/// `embed` and `export` on the command line.
@Suite(.serialized) final class VectorCommandTests {
  private let folder: String
  private let dataset: String
  private let sessions: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 3000, items: 200)
    sessions = folder + "/sessions/sessions_train.csv"
    for (model, more) in [("CORE", ["--max-steps", "3"]), ("POP", [])] {
      let trained = try CaravanCommand.run(
        ["train", "--dataset", dataset, "--model", model, "--out", "\(folder)/\(model)"] + more)
      #expect(trained.status == 0, "\(trained.stderr)")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func embed(_ out: String, _ more: [String] = [], model: String = "CORE", ranks: Int? = nil) throws
    -> MPIRun.Outcome
  {
    try CaravanCommand.run(
      [
        "embed", "--dataset", dataset, "--checkpoint", "\(folder)/\(model)", "--sessions", sessions, "--out",
        "\(folder)/\(out)",
      ] + more, ranks: ranks)
  }

  private func export(_ arguments: [String], model: String = "CORE") throws -> MPIRun.Outcome {
    try CaravanCommand.run(["export", "--checkpoint", "\(folder)/\(model)"] + arguments)
  }

  private func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)) }

  @Test func sessionVectorsHaveTheSameBytesOnAnyNumberOfRanks() throws {
    #expect(try embed("alone.npy").status == 0)
    let alone = try data("alone.npy")
    #expect(alone.starts(with: [0x93] + Array("NUMPY".utf8)) && alone.count > 2000 * 64 * 4)
    for ranks in 2...4 {
      let outcome = try embed(
        "\(ranks).npy", ["--item-table", ranks == 3 ? "replicated" : "sharded", "--threads-per-rank", "2"], ranks: ranks
      )
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(try data("\(ranks).npy") == alone, "on \(ranks) ranks")
    }
  }

  @Test func whatCannotBeWrittenLeavesOneLineAndNoFile() throws {
    #expect(try export(["--embeddings", folder + "/items.npy", "--onnx", folder + "/encoder.onnx"]).status == 0)
    let items = try data("items.npy"), encoder = try data("encoder.onnx")
    let model = folder + "/CORE/checkpoints/latest/model.safetensors"
    let kept = try Data(contentsOf: URL(fileURLWithPath: model))
    for (outcome, words) in [
      (try export(["--embeddings", folder + "/items.npy"]), "--force"),
      (try export(["--onnx", folder + "/encoder.onnx"]), "--force"),
      (try export(["--embeddings", model, "--force"]), "choose another name"),
      (try export(["--embeddings", folder + "/items.csv"]), ".npy or .safetensors"),
      (try export(["--embeddings", folder + "/pop.npy"], model: "POP"), "of POP, which has no vectors"),
      (try embed("pop.npy", model: "POP", ranks: 2), "of POP, which has no vectors"),
      (try embed("items.npy"), "--force"),
    ] {
      let own = outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan: ") }
      #expect(outcome.status == 1 && own.count == 1 && own[0].contains(words), "\(outcome.stderr)")
    }
    #expect(try export([]).status == 64)
    #expect(try data("items.npy") == items && data("encoder.onnx") == encoder)
    #expect(try Data(contentsOf: URL(fileURLWithPath: model)) == kept)
    #expect(!FileManager.default.fileExists(atPath: folder + "/pop.npy"))
    #expect(try export(["--embeddings", folder + "/items.npy", "--force"]).status == 0)
  }
}
