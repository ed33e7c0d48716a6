import Foundation
import Tensors
import TestSupport
import Testing

/// `--item-table sharded`: what comes out has the same bytes as with a replica on every rank.
@Suite(.serialized) final class ShardedTableTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    // Ten tiles and eight stripes, so that seven ranks own one or two.
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 9000, items: 9000)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func train(_ run: String, ranks: Int?, _ options: [String], sharded: Bool = true) throws -> MPIRun.Outcome {
    try CaravanCommand.run(
      ["train", "--dataset", dataset, "--batch-size", "60", "--lr", "0.01", "--embedding-size", "12", "--out"]
        + [folder + "/" + run, "--item-table", sharded ? "sharded" : "replicated"] + options, ranks: ranks)
  }

  private func checksums(_ run: String) throws -> [String: String] {
    try CaravanCommand.checksums(ofCheckpoint: "\(folder)/\(run)/checkpoints/latest")
  }

  private static let models = [
    ["--model", "GRU4Rec", "--hidden-size", "10", "--dropout", "0.3", "--clip-norm", "0.5"],
    ["--model", "NARM", "--hidden-size", "10", "--targets", "all", "--weight-decay", "0.01"],
    ["--model", "STAMP", "--loss", "ce-sampled", "--n-sample", "50", "--updated-rows", "all"],
    ["--model", "SRGNN", "--loss", "bpr-max", "--n-sample", "50", "--optimizer", "adagrad", "--momentum", "0.5"],
    ["--model", "SASRec", "--dropout", "0.3", "--targets", "all"],
    ["--model", "SASRec", "--layer-type", "ligr", "--loss", "gbce", "--n-sample", "50"],
    ["--model", "CORE", "--inner-size", "12", "--precision", Precision.bfloat16.isSupported ? "bf16" : "f32"],
  ]

  @Test(arguments: models)
  func theSameBytesAsReplicated(_ model: [String]) throws {
    let options = model + ["--max-steps", "6"]
    #expect(try train("replicated", ranks: nil, options, sharded: false).status == 0)
    for ranks in [1, 2, 3, 7] {
      let outcome = try train("sharded-\(ranks)", ranks: ranks, options)
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(try checksums("sharded-\(ranks)") == checksums("replicated"), "\(ranks) ranks")
    }
  }

  /// Over an epoch's end, whose evaluation ranks by shares of the table; checkpoints are read by either layout.
  @Test func runsGoOnInTheOtherLayout() throws {
    let options = Self.models[0] + ["--epochs", "2", "--threads-per-rank", "2"]
    #expect(try train("whole", ranks: 2, options, sharded: false).status == 0)
    for (ranks, steps, sharded) in [(3, "17", true), (2, "140", false), (4, "1000", true)] {
      let outcome = try train("parts", ranks: ranks, options + ["--max-steps", steps], sharded: sharded)
      #expect(outcome.status == 0, "\(outcome.stderr)")
    }
    #expect(try checksums("parts") == checksums("whole"))
    func valid(_ run: String) throws -> [String] {
      try CaravanCommand.epochs(ofRun: "\(folder)/\(run)").map { String($0.drop { $0 != "v" }) }
    }
    #expect(try valid("parts") == valid("whole") && valid("whole").count == 2)
  }

  @Test func figuresAndPredictionsAreTheSame() throws {
    #expect(try train("run", ranks: 2, Self.models[4] + ["--max-steps", "20"]).status == 0)
    func outputs(_ name: String, ranks: Int?, _ table: String) throws -> [Data] {
      let common = ["--dataset", dataset, "--checkpoint", folder + "/run", "--item-table", table, "--filter-seen"]
      let blend = ["--blend", folder + "/run:0.5"]
      let json = "\(folder)/\(name).json", csv = "\(folder)/\(name).csv"
      let evaluated = try CaravanCommand.run(["evaluate"] + common + blend + ["--json", json], ranks: ranks)
      #expect(evaluated.status == 0, "\(evaluated.stderr)")
      let predicted = try CaravanCommand.run(
        ["predict"] + common + ["--sessions", folder + "/sessions/sessions_test.csv", "--out", csv], ranks: ranks)
      #expect(predicted.status == 0, "\(predicted.stderr)")
      return try [json, csv].map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    }
    let expected = try outputs("replicated", ranks: nil, "replicated")
    for ranks in [1, 2, 3] { #expect(try outputs("sharded-\(ranks)", ranks: ranks, "sharded") == expected) }
  }

  /// More ranks than a replica each allows, for blocks are multiplied whole.
  @Test func moreRanksThanBlocksShareTheTable() throws {
    let options = Self.models[0] + ["--max-steps", "3", "--lanes", "16", "--head-blocks", "4"]
    #expect(try train("alone", ranks: nil, options).status == 0)
    #expect(try train("many", ranks: 12, options).status == 0)
    #expect(try checksums("many") == checksums("alone"))
    let refused = try train("refused", ranks: 5, options, sharded: false)
    #expect(refused.status == 1)
    #expect(
      refused.stderr.contains("5 ranks with a replica each are more than the 4 blocks of a batch"), "\(refused.stderr)")
    let automatic = try CaravanCommand.run(
      ["train", "--dataset", dataset, "--out", folder + "/auto", "--item-table", "auto", "--max-steps", "1"]
        + options[..<4]
        + ["--lanes", "16", "--head-blocks", "4"], ranks: 5)
    #expect(
      automatic.stderr.contains("the item table is sharded: 4 blocks allow no more than 4 replicas"),
      "\(automatic.stderr)")
    // Blocks of a sampled loss are dealt out: ranks may have none.
    let sampled = Self.models[2] + ["--max-steps", "3", "--lanes", "16", "--head-blocks", "4"]
    #expect(try train("sampled", ranks: nil, sampled).status == 0)
    for sharded in [true, false] {
      #expect(try train("sampled-\(sharded)", ranks: 9, sampled, sharded: sharded).status == 0)
      #expect(try checksums("sampled-\(sharded)") == checksums("sampled"))
    }
    let other = try train("many", ranks: 2, Self.models[0] + ["--max-steps", "5", "--lanes", "16"])
    #expect(other.stderr.contains("was trained with --head-blocks 4, now it is 8"), "\(other.stderr)")
  }
}
