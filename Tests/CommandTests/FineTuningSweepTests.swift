import Foundation
import TestSupport
import Testing

/// `caravan sweep` over `finetune`: what comes out is what `caravan finetune` makes, in groups of any size.
@Suite(.serialized) final class FineTuningSweepTests {
  private let shop: HandOffShop
  init() throws { shop = try HandOffShop() }
  deinit { try? FileManager.default.removeItem(atPath: shop.folder) }

  /// Two jobs that go well and two that fail.
  private static let mixed = """
    command: finetune
    options: {locales: [ES, FR, IT], batch_size: 30, epochs: 2}
    grid:
      job: [{lr: 0.0001}, {lr: 0.005}, {lr: 1e30}, {lr: 0.005, embedding_size: 21}]
    """

  private func sweep(
    _ out: String, ranks: Int?, _ more: [String] = [], yaml: String = FineTuningSweepTests.mixed
  ) throws -> MPIRun.Outcome {
    let file = shop.folder + "/sweep.yaml"
    try yaml.write(toFile: file, atomically: true, encoding: .utf8)
    return try CaravanCommand.run(
      ["sweep", file, "--set", "dataset=\(shop.dataset)", "--set", "checkpoint=\(shop.folder)/pretrained"]
        + ["--out", shop.folder + "/" + out] + more,
      ranks: ranks)
  }

  @Test func theSameResultsAsOfTheCommandItself() throws {
    let layouts: [(ranks: Int?, more: [String])] = [(nil, []), (3, []), (2, ["--ranks-per-job", "1"])]
    for (number, layout) in layouts.enumerated() {
      let outcome = try sweep("sweep-\(number)", ranks: layout.ranks, layout.more)
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(try shop.bytes("sweep-\(number)/results.txt") == shop.bytes("sweep-0/results.txt"), "\(layout)")
    }
    let lines = try String(decoding: shop.bytes("sweep-0/results.txt"), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 5)
    for column in ["lr", "MRR@100", "ES MRR@100", "FR MRR@100", "IT MRR@100"] { #expect(lines[0].contains(column)) }
    #expect(lines[1].split(separator: " ").prefix(2) == ["1", "0.005"])
    #expect(lines[3].hasPrefix("failed: lr=1e30: ES: the loss at step "))
    #expect(lines[4].hasPrefix("failed: lr=0.005,embedding_size=21: ") && lines[4].contains("embedding-size"))

    #expect(try shop.finetune("plain", ranks: 2, []).status == 0)
    for locale in ["ES", "FR", "IT"] {
      for sweep in 0..<layouts.count {
        #expect(try shop.best("sweep-\(sweep)/best", locale) == shop.best("plain", locale), "\(locale), \(sweep)")
      }
    }
    // What was best is a hand-off's configuration file.
    let again = try CaravanCommand.run(
      ["finetune", "--config", shop.folder + "/sweep-0/best.yaml", "--out", shop.folder + "/again"], ranks: 2)
    #expect(again.status == 0, "\(again.stderr)")
    #expect(try shop.best("again", "ES") == shop.best("plain", "ES"))
  }

  @Test func theOptionsThatItNeedsAreListed() throws {
    let file = shop.folder + "/bare.yaml"
    try "command: finetune\ngrid: {lr: [0.1]}\n".write(toFile: file, atomically: true, encoding: .utf8)
    let listed = try CaravanCommand.run(["sweep", file, "--dry-run", "--set", "dataset=x"])
    #expect(
      listed.status == 1
        && listed.stdout
          == "lr=0.1  --checkpoint is missing: give the folder of a pre-trained run or checkpoint\n1 job\n"
    )
  }

  /// Without the checkpoint: what is an option of any model may be one of the checkpoint's.
  @Test func optionsAreCheckedBeforeAnythingIsRead() throws {
    let file = shop.folder + "/checked.yaml"
    let jobs: [(options: String, complaint: String?)] = [
      ("lr: 0.1", nil), ("n_layers: 1", nil), ("hidden_size: 12", nil), ("model: narm", nil),
      ("lrr: 0.1", "has no option --lrr: did you mean lr?"),
      ("model: NARM, dropout: 0.1", "NARM has no option --dropout, GRU4Rec has it"),
      ("model: BERT", "--model is BERT: choose one of GRU4Rec"),
      ("epochs: 0", "--epochs is 0: choose a whole number from 1 to "),
      ("lr: fast", "--lr is fast: choose a number above 0"),
      ("mode: many", "--mode is many: choose each, joint or both"),
      ("candidates: ma\\rs", "--candidates is ma\\rs: choose locale, joint, all, or"),
      ("valid_metric: luck", "--valid-metric is luck: choose Recall, MRR or NDCG"),
    ]
    // As options of all jobs, for a search over the valid metric is refused.
    for (options, complaint) in jobs {
      let yaml = "command: finetune\noptions: {\(options)}\ngrid: {seed: [1]}\n"
      try yaml.write(toFile: file, atomically: true, encoding: .utf8)
      let listed = try CaravanCommand.run(
        ["sweep", file, "--dry-run", "--set", "dataset=nowhere", "--set", "checkpoint=nowhere"])
      let lines = listed.stdout.split(separator: "\n")
      try #require(
        listed.status == (complaint == nil ? 0 : 1) && lines.count == 2, "\(options): \(listed.stdout)\(listed.stderr)")
      if let complaint {
        #expect(lines[0].hasPrefix("seed=1  ") && lines[0].contains(complaint), "\(options): \(lines[0])")
      } else {
        #expect(lines[0] == "seed=1", "\(options)")
      }
    }
  }

  @Test func aModelsOptionOfTheWrongKindIsOneLine() throws {
    let config = shop.folder + "/bad.yaml"
    try "hidden_size: big\n".write(toFile: config, atomically: true, encoding: .utf8)
    let outcome = try shop.finetune("refused", ranks: nil, ["--config", config])
    #expect(outcome.status == 1)
    let sentence = "hidden_size in \(config) is big: choose a whole number from 1 to 65536"
    #expect(outcome.stderr.contains(sentence), "\(outcome.stderr)")
    #expect(outcome.stderr.split(separator: "\n").count == 1, "\(outcome.stderr)")
  }

  private static let short = """
    command: finetune
    options: {locales: ES, batch_size: 30, epochs: 1}
    grid: {lr: [0.005]}
    """

  /// Prepares the shop's sessions once more.
  private func prepare(_ dataset: String, _ more: [String]) throws {
    let sessions = shop.folder + "/sessions"
    let outcome = try CaravanCommand.run(
      ["prepare", "--sessions", sessions + "/sessions_train.csv", "--test", sessions + "/sessions_test.csv"]
        + ["--truth", sessions + "/truth_test.csv", "--out", dataset] + more)
    #expect(outcome.status == 0, "\(outcome.stderr)")
  }

  @Test func whatJobsReadIsRecordedAndMayNotChange() throws {
    #expect(try sweep("short", ranks: 2, yaml: Self.short).status == 0)
    let inputs = try #require(try shop.json("short/jobs.jsonl")["inputs"] as? [String: String])
    let weights = try CaravanCommand.checksums(ofCheckpoint: shop.folder + "/pretrained/checkpoints/best")
    let inspected = try CaravanCommand.run(["inspect", shop.dataset, "--json"])
    let figures = try JSONSerialization.jsonObject(with: Data(inspected.stdout.utf8)) as? [String: Any]
    let fingerprint = try #require(figures?["fingerprint"] as? String)
    #expect(inputs == ["checkpoint": weights["model.safetensors"] ?? "", "dataset": fingerprint])
    let again = try sweep("short", ranks: nil, yaml: Self.short)
    #expect(again.status == 0 && !again.stderr.contains("job 1 of 1"), "\(again.stderr)")

    func expectRefused(_ input: String, now path: String) throws {
      let outcome = try sweep("short", ranks: nil, yaml: Self.short)
      let lines = outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan:") }
      #expect(outcome.status == 1 && lines.count == 1, "\(outcome.stderr)")
      let sentence = "short holds lr=0.005, which read another \(input) than \(path) is now: use that one, or "
      #expect(outcome.stderr.contains(sentence), "\(outcome.stderr)")
    }
    try prepare(shop.dataset, ["--valid-fraction", "0.2", "--force"])
    try expectRefused("dataset", now: shop.dataset)
    try shop.train("pretrained", ["--locales", "UK,DE,JP", "--resume", "never", "--seed", "1"])
    try expectRefused("checkpoint", now: shop.folder + "/pretrained")
  }

  @Test func withoutValidSessionsNothingIsTrained() throws {
    let bare = shop.folder + "/bare"
    try prepare(bare, ["--valid-fraction", "0", "--vocabulary", shop.dataset])
    let outcome = try sweep("nothing", ranks: 2, ["--set", "dataset=\(bare)"])
    #expect(outcome.status == 1)
    #expect(
      outcome.stderr.contains("\(bare) has no valid sessions in ES, FR, IT to compare jobs by"), "\(outcome.stderr)")
    #expect(shop.exists("nothing/jobs.jsonl") && !shop.exists("nothing/jobs/lr=0.005"))
  }
}
