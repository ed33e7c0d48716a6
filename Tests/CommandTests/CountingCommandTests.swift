import Foundation
import Storage
import TestSupport
import Testing

/// POP, COVISIT, COUNTS and blends the way a user runs them, on several ranks.
@Suite(.serialized) final class CountingCommandTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 3000, items: 700)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func train(_ model: String, _ run: String, ranks: Int? = nil, _ more: [String] = []) throws -> MPIRun.Outcome
  {
    try CaravanCommand.run(
      ["train", "--dataset", dataset, "--model", model, "--out", folder + "/" + run] + more, ranks: ranks)
  }

  private func evaluate(_ run: String, ranks: Int? = nil, _ more: [String] = []) throws -> MPIRun.Outcome {
    try CaravanCommand.run(
      ["evaluate", "--dataset", dataset, "--checkpoint", folder + "/" + run] + more, ranks: ranks)
  }

  /// A metric of a table's last line.
  private func overall(_ outcome: MPIRun.Outcome, _ metric: String) throws -> Double {
    let lines = outcome.stdout.split(separator: "\n").map { $0.split(separator: " ") }
    let column = try #require(lines.first?.firstIndex { $0 == metric }, "\(outcome.stdout)\(outcome.stderr)")
    return try #require(lines.last.flatMap { Double($0[column]) })
  }

  @Test(arguments: ["POP", "COVISIT", "COUNTS"]) func theSameBytesAndFiguresOnAnyNumberOfRanks(model: String) throws {
    var sums: [[String: String]] = [], tables: [String] = [], predictions: [Data] = []
    for ranks in [nil, 1, 2, 3, 4] {
      let run = "ranks-\(ranks ?? 0)"
      let trained = try train(model, run, ranks: ranks)
      #expect(trained.status == 0, "\(trained.stderr)")
      sums.append(try CaravanCommand.checksums(ofCheckpoint: "\(folder)/\(run)/checkpoints/step-00000001"))
      #expect(try CaravanCommand.checksums(ofCheckpoint: "\(folder)/\(run)/checkpoints/best") == sums[0])
      let evaluated = try evaluate(run, ranks: ranks, model == "POP" ? [] : ["--transductive"])
      #expect(evaluated.status == 0, "\(evaluated.stderr)")
      tables.append(evaluated.stdout)
      let out = "\(folder)/\(run).jsonl"
      let predicted = try CaravanCommand.run(
        [
          "predict", "--dataset", dataset, "--checkpoint", "\(folder)/\(run)", "--sessions",
          folder + "/sessions/sessions_test.csv", "--top", "20", "--out", out,
        ],
        ranks: ranks)
      #expect(predicted.status == 0, "\(predicted.stderr)")
      predictions.append(try Data(contentsOf: URL(fileURLWithPath: out)))
    }
    #expect(sums.allSatisfy { $0 == sums[0] })
    #expect(tables.allSatisfy { $0 == tables[0] } && tables[0].contains("MRR@100"))
    #expect(predictions.allSatisfy { $0 == predictions[0] } && predictions[0].count > 1000)
  }

  @Test func thePopularItemsAreThoseOfTheDataSet() throws {
    #expect(try train("POP", "pop").status == 0)
    let counted = try SafetensorsFile(path: folder + "/pop/checkpoints/latest/model.safetensors")
      .array("pop.count", as: Int32.self)
    let known = try SafetensorsFile(path: dataset + "/products.safetensors").array("train_count", as: Int32.self)
    #expect(counted.elementsEqual(known) && counted.reduce(0) { $0 + Int($1) } > 3000)

    #expect(try train("COVISIT", "es", ["--locales", "ES"]).status == 0)
    let file = try SafetensorsFile(path: folder + "/es/checkpoints/latest/model.safetensors")
    let own = try file.array("pop.count", as: Int32.self), rows = own.count / 6
    #expect(own[(3 * rows)..<(4 * rows)].elementsEqual(known[(3 * rows)..<(4 * rows)]))
    #expect(own.reduce(0) { $0 + Int($1) } == known[(3 * rows)..<(4 * rows)].reduce(0) { $0 + Int($1) })
    let offsets = try file.array("covisit.offsets", as: Int64.self, shape: [rows + 1])
    #expect(try Int(offsets.last ?? 0) == file.array("covisit.next", as: Int32.self).count)
  }

  @Test func aRunIsCountedOnce() throws {
    #expect(try train("COVISIT", "run").status == 0)
    let before = try CaravanCommand.checksums(ofCheckpoint: folder + "/run/checkpoints/latest")
    let again = try train("covisit", "run", ranks: 2)
    #expect(again.status == 0 && again.stderr.contains("nothing left to do"), "\(again.stderr)")
    #expect(try CaravanCommand.checksums(ofCheckpoint: folder + "/run/checkpoints/latest") == before)
    let other = try train("COVISIT", "run", ["--locales", "ES,FR"])
    #expect(other.status == 1 && other.stderr.contains("use the same, or another --out, or --resume never"))
    let anew = try train("COVISIT", "run", ["--locales", "ES,FR", "--resume", "never"])
    #expect(anew.status == 0, "\(anew.stderr)")
    #expect(try CaravanCommand.checksums(ofCheckpoint: folder + "/run/checkpoints/latest") != before)
  }

  @Test func theOptionsOfCountsDecideAndAreKept() throws {
    #expect(try train("COUNTS", "run", ["--window", "6", "--hops", "2"]).status == 0)
    #expect(try train("COUNTS", "run", ["--hops", "2", "--window", "6"]).stderr.contains("nothing left to do"))
    let other = try train("COUNTS", "run", ["--window", "6"])
    #expect(other.status == 1 && other.stderr.contains("hops"), "\(other.stderr)")
    let config = try String(contentsOfFile: folder + "/run/config.yaml", encoding: .utf8)
    #expect(config.contains("window: 6\n") && config.contains("damping: 0.5\n"))
    // The same counts, scored otherwise.
    #expect(try train("COUNTS", "direct", ["--window", "6", "--hops", "1"]).status == 0)
    let sums = try ["run", "direct"].map {
      try CaravanCommand.checksums(ofCheckpoint: "\(folder)/\($0)/checkpoints/best")["model.safetensors"]
    }
    #expect(sums[0] == sums[1])
    let direct = try evaluate("direct"), both = try evaluate("run")
    #expect(direct.status == 0 && both.status == 0 && direct.stdout != both.stdout, "\(direct.stderr)\(both.stderr)")
    #expect(try train("COVISIT", "covisit").status == 0)
    #expect(try evaluate("run", ["--blend", folder + "/covisit:0.5"]).status == 0)
    #expect(try evaluate("covisit", ["--blend", folder + "/run:0.5", "--candidates", "locale"]).status == 0)
  }

  /// A data set that goes on behind a checkpoint's items is ranked by what the checkpoint counted.
  @Test func furtherItemsAreUnknownToCounts() throws {
    let more = try CaravanCommand.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: more) }
    let made = try CaravanCommand.run([
      "synth", "--items", "900", "--sessions", "600", "--seed", "9", "--out", more + "/sessions",
    ])
    #expect(made.status == 0, "\(made.stderr)")
    let prepared = try CaravanCommand.run([
      "prepare", "--sessions", more + "/sessions/sessions_train.csv", "--valid-fraction", "0.2", "--vocabulary",
      dataset,
      "--out", more + "/data",
    ])
    #expect(prepared.status == 0, "\(prepared.stderr)")
    for model in ["POP", "COUNTS"] {
      #expect(try train(model, model).status == 0)
      let evaluated = try CaravanCommand.run([
        "evaluate", "--dataset", more + "/data", "--checkpoint", "\(folder)/\(model)", "--split", "valid",
      ])
      #expect(evaluated.status == 0 && evaluated.stderr.contains("does not know"), "\(evaluated.stderr)")
    }
  }

  @Test func aBlendAddsToTheWeightsAndIsTheSameOnAnyNumberOfRanks() throws {
    #expect(try train("COVISIT", "covisit").status == 0)
    #expect(try train("POP", "pop").status == 0)
    let gru = try train(
      "GRU4Rec", "gru", ranks: 2,
      ["--lr", "0.01", "--batch-size", "128", "--embedding-size", "16", "--hidden-size", "16", "--epochs", "3"])
    #expect(gru.status == 0, "\(gru.stderr)")
    let blend = [
      "--blend", folder + "/covisit:0.5", "--blend", folder + "/pop/checkpoints/best", "--transductive",
      "--filter-seen", "--candidates", "locale",
    ]
    let alone = try evaluate("gru", blend)
    #expect(alone.status == 0, "\(alone.stderr)")
    for ranks in 1...4 {
      for placement in ["replicated", "sharded"] {
        let shared = try evaluate("gru", ranks: ranks, blend + ["--item-table", placement])
        #expect(shared.status == 0 && shared.stdout == alone.stdout, "\(ranks) ranks, \(placement): \(shared.stderr)")
      }
    }
    // What followed in training is worth more than a few epochs of a small model; both together find more.
    let weights = try evaluate("gru"), both = try evaluate("gru", ["--blend", folder + "/covisit"])
    for metric in ["Recall@100", "MRR@10"] {
      let found = try (overall(weights, metric), overall(both, metric))
      #expect(found.1 > found.0, "\(metric): \(found)")
    }
    // A model that counts may come first, too.
    #expect(try evaluate("covisit", ["--blend", folder + "/gru:0.1"]).status == 0)

    var files: [Data] = []
    for (ranks, placement) in [(1, "replicated"), (3, "replicated"), (3, "sharded")] {
      let out = "\(folder)/blend-\(ranks)-\(placement).csv"
      let outcome = try CaravanCommand.run(
        [
          "predict", "--dataset", dataset, "--checkpoint", folder + "/gru", "--blend", folder + "/covisit:0.5",
          "--transductive", "--sessions", folder + "/sessions/sessions_test.csv", "--out", out,
          "--item-table", placement,
        ],
        ranks: ranks)
      #expect(outcome.status == 0, "\(outcome.stderr)")
      files.append(try Data(contentsOf: URL(fileURLWithPath: out)))
    }
    #expect(Set(files).count == 1)
  }

  /// Clicks of a file count as those of the ranked sessions do: in one go or in several, on any number of ranks, and for
  /// one session as for all.
  @Test func furtherSessionsAreCounted() throws {
    let sessions = folder + "/sessions/sessions_test.csv"
    let lines = try String(contentsOfFile: sessions, encoding: .utf8).split(separator: "\n").map(String.init)
    // A list in quotes may go over several lines.
    let rows = lines.dropFirst().reduce(into: [String]()) { rows, line in
      let isOpen = rows.last.map { !$0.filter { $0 == "\"" }.count.isMultiple(of: 2) } ?? false
      if isOpen { rows[rows.count - 1] += "\n" + line } else { rows.append(line) }
    }
    func write(_ name: String, _ rows: some Collection<String>) throws -> String {
      let path = "\(folder)/\(name).csv"
      try Data(([lines[0]] + rows).map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path))
      return path
    }
    let first = try write("first", rows.prefix(rows.count / 2)),
      second = try write("second", rows.dropFirst(rows.count / 2))
    let one = try write("one", rows.prefix(1))
    for model in ["COUNTS", "NEIGHBOURS"] {
      #expect(try train(model, model).status == 0)
      var made = 0
      func predict(_ more: [String], of asked: String = sessions, ranks: Int? = nil) throws -> [String] {
        made += 1
        let out = "\(folder)/\(model)-\(made).jsonl"
        let outcome = try CaravanCommand.run(
          [
            "predict", "--dataset", dataset, "--checkpoint", "\(folder)/\(model)", "--sessions", asked, "--out", out,
            "--top", "50",
          ] + more, ranks: ranks)
        #expect(outcome.status == 0, "\(outcome.stderr)")
        return try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n").map(String.init)
      }
      let transductive = try predict(["--transductive"])
      #expect(try transductive != predict([]))
      #expect(try predict(["--count-sessions", sessions]) == transductive)
      for ranks in 1...4 {
        let parts = try predict(["--count-sessions", first, "--count-sessions", second], ranks: ranks)
        #expect(parts == transductive, "\(model) on \(ranks) ranks")
      }
      #expect(try predict(["--count-sessions", sessions], of: one) == Array(transductive.prefix(1)))
      let evaluated = try evaluate(model, ["--count-sessions", sessions])
      #expect(evaluated.status == 0 && evaluated.stderr.contains("counted \(rows.count) sessions of"))
      #expect(try evaluated.stdout != evaluate(model).stdout)
    }
    let missing = try evaluate("COUNTS", ranks: 2, ["--count-sessions", folder + "/none.csv"])
    #expect(missing.status == 1 && missing.stderr.contains("none.csv"), "\(missing.stderr)")
  }

  @Test func whatDoesNotFitIsRefusedInOneLine() throws {
    #expect(try train("POP", "pop").status == 0)
    let other = try CaravanCommand.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: other) }
    let otherData = try CaravanCommand.prepareDataset(in: other, sessions: 500, items: 90)
    let counted = try CaravanCommand.run([
      "train", "--dataset", otherData, "--model", "COVISIT", "--out", folder + "/other",
    ])
    #expect(counted.status == 0)
    let cases: [(MPIRun.Outcome, String)] = [
      (try train("POP", "p", ["--batch-size", "8"]), "POP has no option --batch-size"),
      (try train("COVISIT", "p", ["--lr", "0.1"]), "COVISIT has no option --lr"),
      (try train("COVISIT", "p", ["--window", "3"]), "COVISIT has no option --window, COUNTS has it"),
      (try train("GRU4Rec", "p", ["--hops", "3"]), "GRU4Rec has no option --hops, COUNTS has it"),
      (try train("COUNTS", "p", ["--hops", "4"]), "--hops is 4: choose a whole number from 1 to 3"),
      (try train("POP", "pop", ["--resume", folder + "/pop"]), "choose auto or never: counting is one pass"),
      (try train("POPP", "p"), "--model is POPP: did you mean POP? Choose one of GRU4Rec"),
      (try evaluate("pop", ["--transductive"]), "--transductive and --count-sessions add to what COVISIT"),
      (try evaluate("pop", ["--blend", folder + "/other:0.3"]), "was trained on other items"),
      (try evaluate("other"), "was trained on other items"),
      (try evaluate("pop", ["--blend", folder + "/nowhere"]), "is neither a run nor a checkpoint"),
      (try evaluate("pop", ["--blend", folder + "/pop:-1"]), "its weight from 0 up"),
    ]
    for (outcome, sentence) in cases {
      #expect(outcome.status == 1)
      #expect(outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan:") }.count == 1)
      #expect(outcome.stderr.contains(sentence), "\(outcome.stderr)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder + "/p"))
  }
}
