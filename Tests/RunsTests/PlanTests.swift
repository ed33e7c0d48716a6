import Foundation
import Models
import OptionTables
import Runs
import Testing

/// Plans from flags and files.
@Suite struct PlanTests {
  private static let least = ["dataset": "d", "model": "GRU4Rec"]

  private func plan(_ flags: [String: String] = least, file yaml: String? = nil) throws -> TrainingPlan {
    guard let yaml else { return try TrainingPlan(file: nil, flags: flags) }
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("plan-\(UUID().uuidString).yaml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: path))
    return try TrainingPlan(file: path, flags: flags)
  }

  /// A RecBole user's file works as it is.
  @Test func namesOfOtherToolsAreUnderstood() throws {
    let yaml = """
      model: 'GRU4Rec'
      dataset: d
      learning_rate: '0.01'
      train-batch-size: 64
      dropout_prob: 0.2
      loss_type: 'CE'
      learner: adam
      locales: [ES, FR]
      gpu_id: '0'
      max_steps: ~
      """
    let plan = try plan([:], file: yaml)
    #expect(plan.optimization.rate == 0.01 && plan.batchSize == 64 && plan.loss.kind == .crossEntropy)
    #expect(plan.locales == ["ES", "FR"] && plan.maxSteps == nil)
    #expect(plan.model.table["dropout"]?.read(plan.model) == "0.2")
  }

  @Test func aFlagOutweighsTheFileUnderWhicheverName() throws {
    let plan = try plan(["learning_rate": "0.5"], file: "model: NARM\ndataset: d\nlr: 0.25\nepochs: 3\n")
    #expect(plan.optimization.rate == 0.5 && plan.epochs == 3)
  }

  @Test func oneOptionTwiceIsRefused() {
    #expect(throws: OptionError.givenTwice("--learning-rate", "--lr")) {
      try plan(Self.least.merging(["lr": "1", "learning_rate": "2"]) { $1 })
    }
  }

  @Test func strayOptionsSayWhoseTheyAre() {
    #expect(throws: OptionError.ofOthers("--n-heads", owner: "STAMP", others: ["CORE", "SASRec"])) {
      try plan(["dataset": "d", "model": "stamp", "n_heads": "2"])
    }
    #expect(throws: OptionError.unknown("--batchsize", owner: "GRU4Rec", nearest: "batch_size")) {
      try plan(Self.least.merging(["batchsize": "2"]) { $1 })
    }
  }

  @Test func everyOptionIsInTheFileAndReadBackTheSame() throws {
    for model in ModelConfiguration.names {
      var given = ["dataset": "a b: c", "model": model, "clip_norm": "0.5", "locales": "ES,UK"]
      given["lr_schedule"] = "cosine"
      given["dataset"] = model == "CORE" ? "null" : given["dataset"]
      let first = try plan(given)
      let second = try plan([:], file: first.yaml())
      #expect(first.table.texts(of: first).map(\.text) == second.table.texts(of: second).map(\.text))
      #expect(first.decidingOptions == second.decidingOptions)
      #expect(first.decidingOptions["epochs"] == "\(first.epochs)" && first.decidingOptions["threads_per_rank"] == nil)
    }
  }

  /// One line a fault: neither the file's text nor its control characters.
  @Test(arguments: [
    ("", "it has no lines of the form `lr: 0.01`"), ("- 1\n- 2\n", "it has no lines of the form `lr: 0.01`"),
    ("lr: [\u{1b}", "it is not YAML"), ("lr: 1\nlr: 2\n", "lr stands there twice"),
    ("lr:\n  a: 1\n", "lr has lines of its own below it"), ("\"\": 1\n", "it has a name that is none"),
    ("a: &a [b\n", "it is not YAML in line 2"),
  ]) func filesThatAreNoPlan(yaml: String, reason: String) throws {
    do {
      _ = try plan([:], file: yaml)
      Issue.record("accepted \(yaml)")
    } catch RunError.badConfiguration(_, let found) {
      #expect(found.contains(reason), "\(found)")
      #expect(found.count < 200 && found.unicodeScalars.allSatisfy { $0.value >= 32 })
    }
  }

  @Test func filesThatCannotBeRead() throws {
    func reason(_ path: String) throws -> String {
      do {
        _ = try TrainingPlan(file: path, flags: [:])
        return "accepted"
      } catch RunError.badConfiguration(_, let reason) {
        return reason
      }
    }
    #expect(try reason("/nowhere/plan.yaml") == "no such file")
    #expect(try reason("/tmp") == "it is a folder")
    #expect(try reason("/dev/zero") == "it is longer than 1 MiB")
  }

  /// What an earlier release wrote otherwise is the same value; what decides nothing is not compared.
  @Test func valuesAreComparedNotTheirSpelling() throws {
    let now = try plan()
    #expect(now.canonical("0", of: "dropout") == "0.0" && now.canonical("", of: "locales") == nil)
    #expect(now.decidingOptions["n_sample"] == nil && now.decidingOptions["momentum"] == nil)
    let sampled = try plan(Self.least.merging(["loss": "bpr_max", "lr_schedule": "step"]) { $1 })
    #expect(sampled.decidingOptions["n_sample"] == "2048" && sampled.decidingOptions["lr_decay"] == "0.1")
  }

  @Test func localesAndModelsAreComparedFirst() throws {
    let saved = try plan(["dataset": "d", "model": "GRU4Rec", "lr_schedule": "cosine"]).decidingOptions
    let now = try plan(["dataset": "d", "model": "NARM"])
    let compared = now.optionsToCompare(with: saved)
    #expect(compared[0].name == "model")
    #expect(compared.last?.name == "epochs")
    #expect(now.originalText(of: "dropout_probs") == "0.25,0.5")
  }
}
