import Foundation
import Storage
import TestSupport
import Testing

/// Blends that choose their weights and are saved, the way a user makes and uses them.
@Suite(.serialized) final class BlendCommandTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 3000, items: 700)
    for (model, more) in [
      ("COUNTS", []), ("POP", []),
      (
        "GRU4Rec", ["--lr", "0.01", "--batch-size", "128", "--embedding-size", "16", "--hidden-size", "16"]
      ),
    ] {
      let outcome = try CaravanCommand.run(
        ["train", "--dataset", dataset, "--model", model, "--out", "\(folder)/\(model)"] + more
          + (model == "GRU4Rec" ? ["--epochs", "3"] : []))
      try #require(outcome.status == 0, "\(outcome.stderr)")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func blend(_ out: String, ranks: Int? = nil, _ more: [String]) throws -> MPIRun.Outcome {
    try CaravanCommand.run(
      ["blend", "--dataset", dataset, "--out", "\(folder)/\(out)"] + more, ranks: ranks)
  }

  private func members(_ names: [String]) -> [String] { names.flatMap { ["--from", "\(folder)/\($0)"] } }

  private func evaluate(_ checkpoint: String, ranks: Int? = nil, _ more: [String] = []) throws -> MPIRun.Outcome {
    try CaravanCommand.run(
      ["evaluate", "--dataset", dataset, "--checkpoint", "\(folder)/\(checkpoint)"] + more, ranks: ranks)
  }

  private func manifest(_ blend: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(blend)/blend.json"))
  }

  /// The last column but one of the line that begins with a name: MRR.
  private func mrr(_ table: String, _ name: String) throws -> Double {
    let line = try #require(table.split(separator: "\n").first { $0.contains(name) }, "\(table)")
    return try #require(line.split(separator: " ").dropLast().last.flatMap { Double($0) }, "\(line)")
  }

  @Test func aBlendIsTheSameOnAnyNumberOfRanksAndNoWorseThanItsMembers() throws {
    let options = members(["GRU4Rec", "COUNTS", "POP"]) + ["--filter-seen", "--transductive"]
    let alone = try blend("alone", options)
    try #require(alone.status == 0, "\(alone.stderr)")
    let best = try max(mrr(alone.stdout, "GRU4Rec"), mrr(alone.stdout, "COUNTS"), mrr(alone.stdout, "POP"))
    #expect(try mrr(alone.stdout, "the blend") >= best, "\(alone.stdout)")
    #expect(alone.stdout.contains("chosen by MRR@100 on "))
    for ranks in 1...4 {
      let shared = try blend("ranks-\(ranks)", ranks: ranks, options + ["--threads-per-rank", "2"])
      #expect(shared.status == 0, "\(shared.stderr)")
      #expect(try manifest("ranks-\(ranks)") == manifest("alone"), "\(ranks) ranks")
      #expect(shared.stdout.split(separator: "\n").dropLast() == alone.stdout.split(separator: "\n").dropLast())
    }
    // The same weights are chosen without a file.
    let automatic = try evaluate(
      "GRU4Rec",
      [
        "--blend", "\(folder)/COUNTS", "--blend", "\(folder)/POP", "--blend", "auto", "--filter-seen", "--transductive",
      ])
    #expect(automatic.stderr.contains("weights with the highest MRR@100 on"), "\(automatic.stderr)")
    #expect(try automatic.stdout == evaluate("alone").stdout)
  }

  @Test func aSavedBlendRanksAsItWasMadeUnlessSomethingElseIsAskedFor() throws {
    let made = try blend(
      "given",
      ["GRU4Rec:1", "COUNTS:0.5", "POP:2"].flatMap { ["--from", "\(folder)/\($0)"] } + [
        "--filter-seen", "--transductive", "--candidates", "locale",
      ])
    try #require(made.status == 0 && made.stdout.contains("weights as given"), "\(made.stderr)")
    let parts = ["--blend", "\(folder)/COUNTS:0.5", "--blend", "\(folder)/POP:2", "--candidates", "locale"]
    let expected = try evaluate("GRU4Rec", parts + ["--filter-seen", "--transductive"])
    #expect(try expected.status == 0 && evaluate("given").stdout == expected.stdout)
    for ranks in 1...3 {
      let shared = try evaluate("given", ranks: ranks, ["--item-table", "sharded"])
      #expect(shared.status == 0 && shared.stdout == expected.stdout, "\(ranks) ranks: \(shared.stderr)")
    }
    #expect(
      try evaluate("given", ["--no-filter-seen"]).stdout == evaluate("GRU4Rec", parts + ["--transductive"]).stdout)
    let everything = ["--no-filter-seen", "--no-transductive", "--candidates", "all"]
    #expect(
      try evaluate("given", everything).stdout == evaluate("GRU4Rec", Array(parts.dropLast(2))).stdout)
    func predict(_ checkpoint: String, _ more: [String]) throws -> Data {
      let out = "\(folder)/\(checkpoint).csv"
      let outcome = try CaravanCommand.run(
        [
          "predict", "--dataset", dataset, "--checkpoint", "\(folder)/\(checkpoint)", "--sessions",
          folder + "/sessions/sessions_test.csv", "--out", out,
        ] + more)
      #expect(outcome.status == 0, "\(outcome.stderr)")
      return try Data(contentsOf: URL(fileURLWithPath: out))
    }
    #expect(try predict("given", []) == predict("GRU4Rec", parts + ["--filter-seen", "--transductive"]))
  }

  @Test func aBlendMovesWithItsMembersAndNoticesWhenTheyChange() throws {
    try #require(blend("blend", members(["COUNTS:1", "POP:0.1"])).status == 0)
    let before = try evaluate("blend").stdout
    let elsewhere = folder + "/elsewhere"
    try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
    for name in ["COUNTS", "POP", "blend"] {
      try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: "\(elsewhere)/\(name)")
    }
    #expect(try evaluate("elsewhere/blend").stdout == before)
    try FileManager.default.removeItem(atPath: elsewhere + "/POP")
    try expectOneLine(evaluate("elsewhere/blend"), "is not there: put it back")
    try expectOneLine(evaluate("elsewhere/blend", ranks: 2), "is not there: put it back")
    let other = try CaravanCommand.run([
      "train", "--dataset", dataset, "--model", "POP", "--locales", "ES", "--out", elsewhere + "/POP",
    ])
    #expect(other.status == 0)
    try expectOneLine(evaluate("elsewhere/blend"), "is another checkpoint now")
    let path = "\(folder)/blend/blend.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try Data(text.replacing("0.1", with: "0.2").utf8).write(to: URL(fileURLWithPath: path))
    try expectOneLine(evaluate("blend"), "its bytes are not those that were written")
    try Data(text.prefix(200).utf8).write(to: URL(fileURLWithPath: path))
    try expectOneLine(evaluate("blend"), "it is cut off or not what caravan writes")
  }

  private func expectOneLine(_ outcome: MPIRun.Outcome, _ sentence: String) throws {
    #expect(outcome.status == 1, "\(sentence)")
    #expect(outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan:") }.count == 1, "\(outcome.stderr)")
    #expect(outcome.stderr.contains(sentence), "\(outcome.stderr)")
  }

  @Test func whatCannotBeBlendedIsRefusedInOneLine() throws {
    try #require(blend("blend", members(["COUNTS:1", "POP:0.1"])).status == 0)
    let source = folder + "/sessions/sessions_train.csv"
    let noValid = try CaravanCommand.run([
      "prepare", "--sessions", source, "--valid-fraction", "0", "--vocabulary", dataset, "--out", folder + "/no-valid",
    ])
    #expect(noValid.status == 0, "\(noValid.stderr)")
    let cases: [(MPIRun.Outcome, String)] = [
      (try blend("b", members(["COUNTS"])), "a blend has two members or more"),
      (try blend("b", members(["COUNTS", "POP:-1"])), "its weight from 0 up"),
      (try blend("b", members(["COUNTS", "nowhere"])), "is neither a run nor a checkpoint"),
      (try blend("b", members(["COUNTS", "blend"])), "is a blend, whose members and weights are given"),
      (try blend("b", members(["GRU4Rec", "POP"]) + ["--transductive"]), "but none is here"),
      (try blend("b", members(["GRU4Rec:1", "POP:1"]) + ["--transductive"]), "but none is here"),
      (try blend("b", members(["COUNTS", "POP"]) + ["--metric", "AUC"]), "unknown metric 'AUC'"),
      (try blend("blend", members(["COUNTS", "POP"])), "exists already"),
      (try blend("POP", members(["COUNTS", "POP"]) + ["--force"]), "holds no blend.json"),
      (try evaluate("blend", ["--blend", folder + "/POP"]), "use it as --checkpoint alone"),
      (try evaluate("COUNTS", ["--blend", folder + "/blend:2"]), "use it as --checkpoint alone"),
      (try evaluate("COUNTS", ["--blend", "auto"]), "there is none without a weight"),
      (
        try CaravanCommand.run(
          ["blend", "--dataset", folder + "/no-valid", "--out", folder + "/b"] + members(["COUNTS", "POP"])),
        "no valid sessions to choose weights on"
      ),
    ]
    for (outcome, sentence) in cases { try expectOneLine(outcome, sentence) }
    #expect(!FileManager.default.fileExists(atPath: folder + "/b"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !$0.hasPrefix(".") })
    // The blend that was in the way is replaced when that is asked for.
    #expect(try blend("blend", members(["COUNTS", "POP"]) + ["--force"]).status == 0)
  }
}
