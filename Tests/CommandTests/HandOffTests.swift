import Foundation
import TestSupport
import Testing

/// `caravan finetune`: a pre-trained model handed over to locales, on any number of ranks, killed and started again.
@Suite(.serialized) final class HandOffTests {
  private let shop: HandOffShop

  init() throws { shop = try HandOffShop() }

  /// What a fine-tuned model's checkpoint had learned is known to it: as many clicks are left out as of the checkpoint, less
  /// what fine-tuning learned, and never more.
  @Test func whatWasTrainedBeforeIsKnownAfterwards() throws {
    #expect(try shop.finetune("known", ranks: nil, ["--locales", "ES"]).status == 0)
    func leftOut(_ run: String) throws -> Int {
      let outcome = try CaravanCommand.run([
        "predict", "--dataset", shop.dataset, "--checkpoint", shop.folder + "/" + run, "--top", "5", "--force",
        "--sessions", shop.folder + "/sessions/sessions_test.csv", "--out", shop.folder + "/known.csv",
      ])
      try #require(outcome.status == 0, "\(outcome.stderr)")
      return outcome.stdout.firstMatch(of: /left out of the sessions: (\d+) click/).flatMap { Int($0.1) } ?? 0
    }
    try shop.train("alone", ["--locales", "ES"])
    try shop.train("all", ["--locales", "UK,DE,JP,ES"])
    let before = try leftOut("pretrained"), alone = try leftOut("alone"), after = try leftOut("known/ES")
    #expect(after == (try leftOut("all")) && after <= before && after < alone, "\(before), \(alone), \(after)")
  }

  /// Next week's data set begins with the items of this week's: all of those are known to the model that goes on.
  @Test func nextWeeksModelKnowsThisWeeksItems() throws {
    let week = shop.folder + "/week", sessions = shop.folder + "/asked.csv"
    let items = try String(contentsOfFile: shop.dataset + "/items.txt", encoding: .utf8).split(separator: "\n")
    func row(_ number: Int) -> String { "['\(items[number])' '\(items[number * 7 % 600])'],new\(number % 8),ES" }
    for (path, numbers) in [(week + ".csv", 0..<60), (sessions, 300..<360)] {
      let rows = ["prev_items,next_item,locale"] + numbers.map(row)
      try rows.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }
    let prepared = try CaravanCommand.run([
      "prepare", "--sessions", week + ".csv", "--vocabulary", shop.dataset, "--out", week,
    ])
    try #require(prepared.status == 0, "\(prepared.stderr)")
    let tuned = try shop.finetune("next", ranks: nil, ["--dataset", week, "--locales", "ES", "--mode", "joint"])
    try #require(tuned.status == 0, "\(tuned.stderr)")
    func predicted(_ run: String) throws -> String {
      try CaravanCommand.run([
        "predict", "--dataset", week, "--checkpoint", shop.folder + "/" + run, "--sessions", sessions, "--top", "5",
        "--out", shop.folder + "/next.csv", "--force",
      ]).stdout
    }
    #expect(try !predicted("pretrained").contains("left out") && !predicted("next/joint").contains("left out"))
  }

  deinit { try? FileManager.default.removeItem(atPath: shop.folder) }

  @Test func theSameBytesWhateverTheRanksAndWhateverRunsBesideIt() throws {
    // nil: without a launcher. 7 ranks are more than one a locale and leave groups of several sizes.
    for ranks in [nil, 1, 2, 3, 4, 7] {
      let outcome = try shop.finetune("all-\(ranks ?? 0)", ranks: ranks, ["--scratch", "--mode", "both"])
      #expect(outcome.status == 0, "\(outcome.stderr)")
      for name in ["ES", "FR", "IT", "joint", "FR-scratch", "joint-scratch"] {
        let sums = try shop.best("all-\(ranks ?? 0)", name)
        #expect(try sums == shop.best("all-0", name), "\(name) on \(ranks ?? 0) ranks")
      }
      #expect(try shop.bytes("all-\(ranks ?? 0)/handoff.json") == shop.bytes("all-0/handoff.json"))
      #expect(outcome.stdout.contains("zero-shot") && outcome.stdout.contains("scratch"))
    }
    let threaded = try shop.finetune("threads", ranks: 2, ["--scratch", "--mode", "both", "--threads-per-rank", "3"])
    #expect(threaded.status == 0, "\(threaded.stderr)")
    #expect(try shop.bytes("threads/handoff.json") == shop.bytes("all-0/handoff.json"))
    for ranks in [1, 2, 4] {
      let outcome = try shop.finetune("alone-\(ranks)", ranks: ranks, ["--locales", "FR"])
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(try shop.best("alone-\(ranks)", "FR") == shop.best("all-0", "FR"))
    }
  }

  @Test func aQuietJobSaysNothingAndAJSONOneObjects() throws {
    let quiet = try shop.finetune("quiet", ranks: 2, ["--quiet"])
    #expect(quiet.status == 0 && quiet.stderr == "" && quiet.stdout.contains("zero-shot"))
    let objects = try shop.finetune("json", ranks: 2, ["--log-format", "json"])
    let lines = objects.stderr.split(separator: "\n")
    #expect(objects.status == 0 && lines.count > 6)
    for line in lines { #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) } }
    #expect(try shop.bytes("quiet/handoff.json") == shop.bytes("json/handoff.json"))
  }

  /// Each group of ranks shards the table by itself; moments are handed out by rows, too.
  @Test func aShardedTableIsHandedOverAlike() throws {
    for options in [["--mode", "both"], ["--moments", "keep", "--freeze", "encoder"], ["--freeze", "items"]] {
      let name = options[1]
      #expect(try shop.finetune(name, ranks: 2, options).status == 0)
      for ranks in [1, 2, 5] {
        let outcome = try shop.finetune(
          "\(name)-\(ranks)", ranks: ranks, options + ["--item-table", "sharded"])
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try shop.bytes("\(name)-\(ranks)/handoff.json") == shop.bytes("\(name)/handoff.json"), "\(ranks) ranks")
      }
    }
  }

  /// A locale's configuration file is the whole command.
  @Test func aLocalesConfigurationGivesTheSameAgain() throws {
    #expect(try shop.finetune("joint", ranks: 2, ["--mode", "joint", "--candidates", "joint"]).status == 0)
    let again = try CaravanCommand.run([
      "finetune", "--config", shop.folder + "/joint/joint/config.yaml", "--out", shop.folder + "/again",
    ])
    #expect(again.status == 0, "\(again.stderr)")
    #expect(try shop.best("again", "joint") == shop.best("joint", "joint"))
    #expect(try shop.bytes("again/handoff.json") == shop.bytes("joint/handoff.json"))
    #expect(try shop.rows("again").map { $0["name"] as? String } == ["joint"])
  }

  /// The figures are those that `caravan evaluate` gives for the same checkpoints.
  @Test func theReportTellsWhatEvaluateTells() throws {
    #expect(try shop.finetune("tuned", ranks: 2, []).status == 0)
    let rows = try shop.rows("tuned")
    #expect(rows.map { $0["name"] as? String } == ["ES", "FR", "IT"])
    for row in rows {
      let name = try #require(row["name"] as? String)
      for (key, checkpoint) in [("zero_shot", "pretrained"), ("fine_tuned", "tuned/\(name)")] {
        let file = shop.folder + "/figures.json"
        let evaluated = try CaravanCommand.run([
          "evaluate", "--dataset", shop.dataset, "--checkpoint", shop.folder + "/" + checkpoint, "--split", "test",
          "--candidates", "locale", "--json", file,
        ])
        #expect(evaluated.status == 0, "\(evaluated.stderr)")
        let figures = try shop.json("figures.json")["locales"] as? [String: Any]
        let expected = try #require(figures?[name] as? [String: Double])
        #expect((row[key] as? [String: Any])?["all"] as? [String: Double] == expected, "\(name) \(key)")
      }
      let zeroShot = try #require(((row["zero_shot"] as? [String: Any])?["all"] as? [String: Double])?["mrr@100"])
      let tuned = try #require(((row["fine_tuned"] as? [String: Any])?["all"] as? [String: Double])?["mrr@100"])
      #expect(zeroShot != tuned)
    }
  }

  /// Validation, too, ranks among the chosen candidates: fewer of them, better ranks.
  @Test func candidatesAreThoseThatWereAskedFor() throws {
    var values: [Double] = []
    for candidates in ["all", "joint", "locale"] {
      let outcome = try shop.finetune(
        candidates, ranks: 1, ["--locales", "ES,FR", "--candidates", candidates, "--epochs", "1"])
      #expect(outcome.status == 0, "\(outcome.stderr)")
      let row = try #require(try shop.rows(candidates).first)
      values.append(try #require((row["fine_tuning"] as? [String: Any])?["best_valid"] as? Double))
      #expect(
        (try shop.json(candidates + "/handoff.json"))["candidates"] as? String
          == (candidates == "joint" ? "ES,FR" : candidates))
    }
    #expect(values[0] < values[1] && values[1] < values[2], "\(values)")
  }

  @Test func aKilledJobGoesOnAndDoesNothingTwice() throws {
    let long = ["--epochs", "60", "--checkpoint-every", "10"]
    #expect(try shop.finetune("unbroken", ranks: 2, long).status == 0)
    // Dies by SIGKILL when the second locale has its first checkpoint; should it be too late, once more.
    var run = "", finished: [String] = []
    for attempt in 1...5 where finished.count != 1 {
      run = "killed-\(attempt)"
      let killer =
        "( while [ \"$(ls -d \(shop.folder)/\(run)/*/checkpoints/latest 2>/dev/null | wc -l)\" -lt 2 ]; "
        + "do sleep 0.02; done; kill -KILL $$ ) & exec \"$0\" \"$@\""
      let killed = try MPIRun.run(
        ranks: 1, executable: URL(fileURLWithPath: "/bin/sh"),
        arguments: ["-c", killer, BuiltProducts.url("caravan").path] + shop.arguments(run, long))
      #expect(killed.status != 0 && !killed.timedOut)
      finished = ["ES", "FR", "IT"].filter { shop.exists("\(run)/\($0)/handoff.json") }
    }
    let first = try #require(finished.first)
    #expect(finished.count == 1)
    #expect(!shop.exists(run + "/handoff.json"))
    let before = try shop.changed("\(run)/\(first)/checkpoints/best/model.safetensors")
    let lines = try shop.bytes("\(run)/\(first)/metrics.jsonl")

    let resumed = try shop.finetune(run, ranks: 3, long)
    #expect(resumed.status == 0, "\(resumed.stderr)")
    #expect(resumed.stderr.contains("\(first): done before"))
    #expect(resumed.stderr.contains(": going on after step"))
    #expect(!resumed.stderr.contains("\(first): epoch"))
    #expect(try shop.changed("\(run)/\(first)/checkpoints/best/model.safetensors") == before)
    #expect(try shop.bytes("\(run)/\(first)/metrics.jsonl") == lines)
    for name in ["ES", "FR", "IT"] { #expect(try shop.best(run, name) == shop.best("unbroken", name)) }
    #expect(try shop.bytes(run + "/handoff.json") == shop.bytes("unbroken/handoff.json"))

    // A model that was damaged since is not taken as done.
    let weights = "\(shop.folder)/\(run)/\(first)/checkpoints/best/model.safetensors"
    try shop.flipByte(ofFile: weights, at: 3000)
    let repaired = try shop.finetune(run, ranks: 1, long)
    #expect(repaired.status == 0, "\(repaired.stderr)")
    #expect(repaired.stderr.contains("is damaged or missing: training anew"))
    #expect(try shop.best(run, first) == shop.best("unbroken", first))
    #expect(try shop.bytes(run + "/handoff.json") == shop.bytes("unbroken/handoff.json"))
  }

  @Test func aSignalStopsTheWholeJob() throws {
    let signaller =
      "( while [ ! -e \(shop.folder)/asked/ES/checkpoints/latest ]; do sleep 0.02; done; "
      + "kill -USR1 $$ ) & exec \"$0\" \"$@\""
    let endless = ["--epochs", "4000", "--stopping-step", "4000", "--checkpoint-every", "10"]
    let asked = try MPIRun.run(
      ranks: 2, executable: URL(fileURLWithPath: "/bin/sh"),
      arguments: ["-c", signaller, BuiltProducts.url("caravan").path] + shop.arguments("asked", endless))
    #expect(asked.status == 75, "\(asked.stderr)")
    #expect(asked.stderr.contains("stopped by SIGUSR1; the same command goes on from here"))
    #expect(!shop.exists("asked/handoff.json") && !shop.exists("asked/ES/handoff.json"))
  }

  @Test func frozenWeightsStayAsTheyAre() throws {
    let start = try shop.weights("pretrained/checkpoints/best")
    for freeze in ["items", "encoder"] {
      for ranks in [1, 3] {
        let outcome = try shop.finetune(
          "\(freeze)-\(ranks)", ranks: ranks,
          ["--locales", "ES", "--freeze", freeze, "--clip-norm", "0.05", "--weight-decay", "0.01"])
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try shop.best("\(freeze)-\(ranks)", "ES") == shop.best("\(freeze)-1", "ES"))
      }
      for (name, values) in try shop.weights("\(freeze)-1/ES/checkpoints/best") {
        let isFrozen = (name == "item_embedding.weight") == (freeze == "items")
        #expect((values == start[name]) == isFrozen, "\(name) with --freeze \(freeze)")
      }
    }
  }
}
