import Foundation
import TestSupport
import Testing

/// Candidates for a re-ranker the way a user asks for them.
@Suite(.serialized) final class CandidatesCommandTests {
  private let folder: String

  init() throws { folder = try CaravanCommand.temporaryFolder() }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func run(_ arguments: [String], ranks: Int? = nil) throws -> MPIRun.Outcome {
    try CaravanCommand.run(arguments, ranks: ranks)
  }

  private func candidates(
    _ dataset: String, _ out: String, ranks: Int? = nil, _ more: [String]
  ) throws -> MPIRun.Outcome {
    try run(["candidates", "--dataset", dataset, "--out", "\(folder)/\(out)"] + more, ranks: ranks)
  }

  /// The rows of a file by column; fields have no commas here.
  private func rows(_ name: String) throws -> [[String: String]] {
    let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    let lines = text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
  }

  private func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")) }

  /// Each transition occurs once, and each item in one session: whatever is known of an answer comes from the very session
  /// that it is the answer of.
  private func prepareSessionsWithoutAnythingInCommon() throws -> String {
    let lines = (0..<24).map { "['a\($0)' 'b\($0)' 'c\($0)'],d\($0),\(["ES", "FR"][$0 % 2])" }
    let text = "prev_items,next_item,locale\n" + lines.joined(separator: "\n") + "\n"
    try text.write(toFile: folder + "/alone.csv", atomically: true, encoding: .utf8)
    let prepared = try run([
      "prepare", "--sessions", folder + "/alone.csv", "--valid-fraction", "0", "--out", folder + "/alone",
    ])
    let counted = try run(["train", "--dataset", folder + "/alone", "--model", "COUNTS", "--out", folder + "/counts"])
    try #require(prepared.status == 0 && counted.status == 0, "\(prepared.stderr)\(counted.stderr)")
    return folder + "/alone"
  }

  @Test func noFeatureOfATrainingSessionKnowsItsAnswer() throws {
    let dataset = try prepareSessionsWithoutAnythingInCommon()
    for (name, more) in [("plain", []), ("transductive", ["--transductive"])] {
      let found = try candidates(
        dataset, "\(name).csv", ["--split", "train", "--from", folder + "/counts", "--folds", "3"] + more)
      #expect(found.status == 0 && found.stdout.contains("24 sessions"), "\(found.stderr)")
      let answers = try rows("\(name).csv").filter { $0["label"] == "1" }
      // All items are candidates, for there are fewer than are asked for.
      #expect(answers.count == 24)
      let all = Set(try #require(answers.first).keys)
      let harmless: Set = [
        "session", "item", "label", "locale", "length", "distinct", "repeats", "times_clicked", "clicks_ago",
        "counts.rank",
      ]
      for answer in answers {
        for name in all.subtracting(harmless) { #expect(answer[name] == "0", "\(name)") }
        #expect(answer["times_clicked"] == "0")
      }
      // The answer is not even told by the order of what is left: as many have it before as behind.
      let clicked = try rows("\(name).csv").filter { $0["times_clicked"] == "1" }
      #expect(clicked.allSatisfy { ($0["all_count"] == "1") == (name == "transductive") })
    }
    // The same sessions by counts that have them: the features above do tell an answer that they know.
    let leaking = try candidates(
      dataset, "leaking.csv", ["--sessions", folder + "/alone.csv", "--from", folder + "/counts"])
    #expect(leaking.status == 0 && leaking.stderr.contains("ask for --split train"), "\(leaking.stderr)")
    for answer in try rows("leaking.csv") where answer["label"] == "1" {
      for name in ["counts.score", "counts.last_to_item", "all_count", "answer_share", "near_answers"] {
        #expect(Double(answer[name] ?? "") ?? 0 > 0, "\(name)")
      }
    }
  }

  @Test func theSameBytesOnAnyNumberOfRanks() throws {
    let dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 4000, items: 700)
    for (model, more) in [
      ("COUNTS", []), ("COVISIT", []),
      ("GRU4Rec", ["--embedding-size", "16", "--hidden-size", "16", "--epochs", "1", "--batch-size", "256"]),
    ] {
      let trained = try run(["train", "--dataset", dataset, "--model", model, "--out", "\(folder)/\(model)"] + more)
      try #require(trained.status == 0, "\(trained.stderr)")
    }
    let three = ["COUNTS:40", "GRU4Rec:30", "COVISIT:5"].flatMap { ["--from", "\(folder)/\($0)"] }
    let cases: [(name: String, more: [String])] = [
      ("valid.csv", ["--split", "valid", "--transductive", "--candidates", "locale"] + three),
      (
        "train.jsonl",
        ["--split", "train", "--filter-seen", "--locales", "ES,FR", "--sample", "900", "--from", "\(folder)/COUNTS:30"]
      ),
      ("test.csv", ["--sessions", folder + "/sessions/sessions_test.csv", "--filter-seen"] + three),
    ]
    for (name, more) in cases {
      let alone = try candidates(dataset, name, more)
      #expect(alone.status == 0, "\(alone.stderr)")
      let expected = try data(name)
      for ranks in 1...4 {
        let threads = ranks == 2 ? ["--threads-per-rank", "2"] : []
        let shared = try candidates(dataset, "shared-" + name, ranks: ranks, more + threads + ["--force"])
        #expect(shared.status == 0 && shared.stdout.contains(" candidates: "), "\(shared.stderr)")
        #expect(try data("shared-" + name) == expected, "\(name) on \(ranks) ranks")
      }
    }
    // What each recommender says of the items of all.
    let valid = try rows("valid.csv")
    #expect(valid.allSatisfy { $0["gru4rec.score"] != "" && $0["covisit.score"] != "" && $0["counts.score"] != "" })
    #expect(valid.contains { $0["gru4rec.rank"] == "" } && valid.contains { $0["counts.rank"] == "" })
    #expect(valid.count { $0["label"] == "1" } > 50)
    // Without answers there is no column for them.
    #expect(try rows("test.csv").allSatisfy { $0["label"] == nil && $0["locale"] != nil })
  }

  @Test func whatCannotBeDoneIsRefusedInOneLine() throws {
    let dataset = try prepareSessionsWithoutAnythingInCommon()
    let trained = try run([
      "train", "--dataset", dataset, "--model", "GRU4Rec", "--epochs", "1", "--out", folder + "/gru4rec",
    ])
    try #require(trained.status == 0, "\(trained.stderr)")
    let counts = ["--from", folder + "/counts"], train = ["--split", "train"] + counts
    let cases: [(arguments: [String], sentence: String)] = [
      (["--split", "train", "--from", folder + "/gru4rec"], "learned the answers of the training sessions"),
      (train + ["--from", folder + "/gru4rec:20"], "learned the answers of the training sessions"),
      (["--split", "valid"] + counts, "there are no valid sessions"),
      (["--split", "dev"] + counts, "--split is dev: choose train, valid or test"),
      (["--sessions", folder + "/nowhere.csv"] + counts, "nowhere.csv"),
      (counts, "either --split, or --sessions and a file"),
      (train + ["--sessions", folder + "/alone.csv"], "either --split, or --sessions and a file"),
      (["--split", "train", "--from", folder + "/counts:0"], "how many from 1 to 10000"),
      (["--split", "train", "--from", folder + "/nowhere"], "is neither a run nor a checkpoint"),
      (train + ["--locales", "JP"], "JP"),
      (train + ["--folds", "1"], "--folds is 1: choose a whole number from 2 to 1000"),
      (["--sessions", folder + "/alone.csv", "--sample", "3"] + counts, "of a file, all sessions are ranked"),
    ]
    for (arguments, sentence) in cases {
      for ranks in [nil, 2] {
        let outcome = try candidates(dataset, "refused.csv", ranks: ranks, arguments)
        #expect(outcome.status != 0 && !outcome.timedOut && outcome.stderr.contains(sentence), "\(outcome.stderr)")
        #expect(outcome.stderr.split(separator: "\n").count { $0.hasPrefix("caravan:") } == 1, "\(outcome.stderr)")
      }
    }
    let format = try candidates(dataset, "refused.parquet", train)
    #expect(format.status == 1 && format.stderr.contains("end it in .csv or .jsonl"), "\(format.stderr)")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(!files.contains { $0.contains("refused") })
  }

  /// Of a checkpoint from elsewhere nobody knows whether it saw the answers.
  @Test func aCheckpointOfAnotherDataSetIsSpokenOf() throws {
    let dataset = try prepareSessionsWithoutAnythingInCommon()
    let again = try run([
      "prepare", "--sessions", folder + "/alone.csv", "--valid-fraction", "0.25", "--out", folder + "/again",
    ])
    #expect(again.status == 0 && dataset.hasSuffix("alone"))
    let found = try candidates(
      folder + "/again", "valid.csv", ["--split", "valid", "--from", folder + "/counts"])
    #expect(found.status == 0 && found.stderr.contains("its scores know their answers"), "\(found.stderr)")
    let unlabelled = try candidates(
      folder + "/again", "bare.csv", ["--split", "valid", "--no-labels", "--from", folder + "/counts"])
    #expect(unlabelled.status == 0 && unlabelled.stderr.isEmpty, "\(unlabelled.stderr)")
    #expect(try rows("bare.csv").allSatisfy { $0["label"] == nil })
    #expect(try rows("valid.csv").count == rows("bare.csv").count)
  }
}
