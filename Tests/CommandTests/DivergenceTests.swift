import Foundation
import TestSupport
import Testing

/// A run whose weights stop being numbers: what it says, what it keeps, and how it goes on.
@Suite(.serialized) final class DivergenceTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 1500, items: 300)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func train(_ run: String, ranks: Int? = nil, _ more: [String]) throws -> MPIRun.Outcome {
    try CaravanCommand.run(
      ["train", "--dataset", dataset, "--model", "GRU4Rec", "--preset", "recbole", "--embedding-size", "16"]
        + ["--hidden-size", "16", "--out", folder + "/" + run] + more,
      ranks: ranks)
  }

  private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder + "/" + name) }

  /// Numbers, but past all use: the one step of the only epoch is neither saved nor judged.
  @Test(arguments: [nil, 3]) func whatIsNoNumberIsNeverPublished(ranks: Int?) throws {
    let outcome = try train("run", ranks: ranks, ["--epochs", "1", "--batch-size", "2000", "--lr", "1e38"])
    #expect(outcome.status == 1 && outcome.stdout == "")
    let line = try #require(outcome.stderr.split(separator: "\n").last { $0.hasPrefix("caravan: ") })
    #expect(line.contains("a weight after step 1 is ") && line.contains("with a learning rate of 1e+38"))
    #expect(line.contains("training diverged, lower --lr") && line.contains("no checkpoint yet to go on from"))
    #expect(!exists("run/checkpoints"))
  }

  @Test func theStepIsCountedAsInTheLog() throws {
    let outcome = try train("run", ["--batch-size", "1000", "--epochs", "3", "--lr", "1e20", "--max-steps", "3"])
    #expect(outcome.status == 1)
    #expect(outcome.stderr.contains("the loss at step 2 is nan, with a learning rate of 1e+20"), "\(outcome.stderr)")
  }

  /// What there is of use stays, and a lower rate is accepted.
  @Test func aDivergedRunKeepsItsCheckpoints() throws {
    // A step an epoch; weights grow by the rate in each, until a gradient overflows.
    let plan = ["--batch-size", "2000", "--epochs", "60", "--stopping-step", "60"]
    let outcome = try train("run", plan + ["--lr", "2000"])
    #expect(outcome.status == 1 && outcome.stderr.contains("training diverged"), "\(outcome.stderr)")
    let checkpoints = folder + "/run/checkpoints"
    for link in ["latest", "best"] {
      let target = try FileManager.default.destinationOfSymbolicLink(atPath: checkpoints + "/" + link)
      #expect(exists("run/checkpoints/\(target)/state.json"))
    }
    let evaluated = try CaravanCommand.run(
      ["evaluate", "--dataset", dataset, "--checkpoint", folder + "/run", "--split", "valid"])
    #expect(evaluated.status == 0, "\(evaluated.stderr)")
    let resumed = try train("run", ranks: 2, plan + ["--lr", "0.001"])
    #expect(resumed.stderr.contains("going on with a lower learning rate, 0.001"), "\(resumed.stderr)")
  }

  /// The rate may be lowered where a run has diverged, and nowhere else; nothing but what shapes it may change.
  @Test func afterADivergenceTheRateMayBeLowered() throws {
    let plan = ["--batch-size", "100", "--epochs", "3", "--max-steps"]
    #expect(try train("run", plan + ["20"]).status == 0)
    let slower = plan + ["30", "--lr", "0.0005"]
    let refused = try train("run", slower)
    #expect(refused.status == 1 && refused.stderr.contains("was trained with --lr 0.001"), "\(refused.stderr)")
    // As a run leaves it whose loss at step 23 is nan.
    try #"{"rate":0.001,"step":23,"useless":22}"#
      .write(toFile: folder + "/run/diverged.json", atomically: true, encoding: .utf8)
    let sums = try CaravanCommand.checksums(ofCheckpoint: folder + "/run/checkpoints/latest")
    for (others, sentence) in [
      (["--lr", "0.002"], "was trained with --lr 0.001, now it is 0.002"),
      (["--lr", "0.0005", "--batch-size", "9"], "was trained with --batch-size 100, now it is 9"),
    ] {
      let outcome = try train("run", plan + ["30"] + others)
      #expect(outcome.status == 1 && outcome.stderr.contains(sentence), "\(outcome.stderr)")
      #expect(try CaravanCommand.checksums(ofCheckpoint: folder + "/run/checkpoints/latest") == sums)
    }
    let resumed = try train("run", ranks: 2, slower)
    #expect(resumed.status == 0, "\(resumed.stderr)")
    #expect(resumed.stderr.contains("it diverged at step 23: going on with a lower learning rate, 0.0005"))
    #expect(resumed.stderr.contains("going on after step 20"))
    // From then on it is a run like any other.
    #expect(!exists("run/diverged.json"))
    let changed = try train("run", plan + ["31", "--lr", "0.0001"])
    #expect(changed.status == 1 && changed.stderr.contains("was trained with --lr 0.0005"), "\(changed.stderr)")
  }

  @Test func aSweepRecordsWhatDivergesAsFailed() throws {
    try """
    command: train
    options: {dataset: \(dataset), model: GRU4Rec, preset: recbole, epochs: 1, batch_size: 2000, embedding_size: 16}
    grid: {lr: [1e38, 0.01]}
    """.write(toFile: folder + "/sweep.yaml", atomically: true, encoding: .utf8)
    let outcome = try CaravanCommand.run(["sweep", folder + "/sweep.yaml", "--out", folder + "/sweep"], ranks: 2)
    #expect(outcome.status == 0, "\(outcome.stderr)")
    #expect(outcome.stdout.contains("failed: lr=1e38: a weight after step 1"), "\(outcome.stdout)")
    let best = try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/sweep/best")
    #expect(best == "jobs/lr=0.01")
  }

  @Test func aHandOffSaysWhichLocaleFailed() throws {
    #expect(try train("first", ["--epochs", "1", "--locales", "UK,DE"]).status == 0)
    let tune = ["finetune", "--dataset", dataset, "--checkpoint", folder + "/first", "--locales", "FR", "--out"]
    let outcome = try CaravanCommand.run(tune + [folder + "/tuned", "--epochs", "1", "--lr", "1e38"], ranks: 2)
    #expect(outcome.status == 1)
    #expect(outcome.stderr.contains(": FR: a weight after step 1 is "), "\(outcome.stderr)")
    // One that does not fit what is there has touched nothing.
    #expect(try CaravanCommand.run(tune + [folder + "/fine", "--epochs", "1"]).status == 0)
    let configuration = try Data(contentsOf: URL(fileURLWithPath: folder + "/fine/config.yaml"))
    let other = try CaravanCommand.run(tune + [folder + "/fine", "--epochs", "1", "--batch-size", "7"])
    #expect(other.status == 1 && other.stderr.contains("FR: "), "\(other.stderr)")
    #expect(other.stderr.contains("was trained with --batch-size 1024, now it is 7"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/fine/config.yaml")) == configuration)
  }

  /// What no node has is refused before any of it is taken, dense weights counted.
  @Test(arguments: [
    ["train", "--out", "huge"], ["bench", "--items", "300"],
  ])
  func whatDoesNotFitIsRefusedBeforeItIsTaken(_ command: [String]) throws {
    let sizes = ["--model", "GRU4Rec", "--embedding-size", "65536", "--hidden-size", "65536"]
    let data = command[0] == "train" ? ["--dataset", dataset] : []
    let outcome = try MPIRun.run(
      ranks: nil, executable: BuiltProducts.url("caravan"), arguments: command + sizes + data,
      directory: URL(fileURLWithPath: folder), timeout: 60)
    #expect(outcome.status == 1 && !outcome.timedOut)
    let lines = outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan: ") }
    #expect(lines.count == 1, "\(outcome.stderr)")
    #expect(lines.first?.contains("training needs ") ?? false && lines.first?.contains(" GB on ") ?? false)
  }

  @Test func aBatchWithoutNegativesIsAnOption() throws {
    let outcome = try train("run", ["--loss", "bpr-max", "--n-sample", "0", "--batch-size", "1"])
    #expect(outcome.status == 1 && outcome.stderr.contains("--n-sample is 0: choose a number from 1 up"))
  }
}
