import Foundation
import TestSupport
import Testing

/// From a click log to figures, to predictions and to next week's sessions, on the command line.
@Suite(.serialized) final class ClickLogCommandTests {
  private let folder: String

  init() throws { folder = try CaravanCommand.temporaryFolder() }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func path(_ name: String) -> String { folder + "/" + name }

  private func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  @discardableResult private func caravan(_ arguments: String..., ranks: Int? = nil) throws -> MPIRun.Outcome {
    let outcome = try CaravanCommand.run(arguments, ranks: ranks)
    #expect(outcome.status == 0, "\(arguments): \(outcome.stderr)")
    return outcome
  }

  /// A log of some sessions in the order of time; of each of two weeks, a session a minute.
  private func writeLog(_ name: String, sessions: Range<Int>, newItems: Bool = false) throws {
    var rows = ["visit,sku,at"]
    for session in sessions {
      for click in 0..<2 + session % 3 {
        let isNew = newItems && click == 1 && session % 4 == 0
        rows.append("v\(session),\(isNew ? "new" : "p")\((session + click) % 12),\(session * 60 + click)")
      }
    }
    try rows.joined(separator: "\n").write(toFile: path(name), atomically: true, encoding: .utf8)
  }

  private static let columns = "session=visit,item=sku,time=at"

  @Test func everyClickIsRankedTheSameOnAnyNumberOfRanks() throws {
    try writeLog("log.csv", sessions: 0..<600)
    let prepared = try caravan(
      "prepare", "--sessions", path("log.csv"), "--columns", Self.columns, "--test-fraction", "0.2", "--out", path("d"))
    #expect(prepared.stderr.contains("session visit, item sku, time at (seconds)"))
    #expect(!prepared.stdout.contains("locale"))
    try caravan("train", "--dataset", path("d"), "--model", "COVISIT", "--out", path("r"))
    for ranks in [1, 3] {
      try caravan(
        "evaluate", "--dataset", path("d"), "--checkpoint", path("r"), "--every-click", "--popularity-buckets", "--top",
        "5",
        "--json", path("\(ranks).json"), ranks: ranks)
    }
    #expect(try text("1.json") == text("3.json"))
    let figures = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path("1.json")))) as? [String: Any])
    // Sessions of 2, 3 and 4 clicks have 1, 2 and 3 targets.
    let targets = try #require(figures["targets"] as? Int)
    #expect(targets > 120 && targets <= 360 && figures["sessions"] == nil && figures["locales"] == nil)
    let buckets = try #require(figures["popularity"] as? [[String: Any]])
    #expect(buckets.reduce(0) { $0 + ($1["targets"] as? Int ?? 0) } == targets)
  }

  @Test func predictReadsTheLogsSibling() throws {
    try writeLog("log.csv", sessions: 0..<300)
    try caravan("prepare", "--sessions", path("log.csv"), "--columns", Self.columns, "--out", path("d"))
    try caravan("train", "--dataset", path("d"), "--model", "POP", "--out", path("r"))
    try writeLog("asked.csv", sessions: 290..<310)
    try caravan(
      "predict", "--dataset", path("d"), "--checkpoint", path("r"), "--sessions", path("asked.csv"), "--top", "3",
      "--out",
      path("p.csv"))
    let lines = try text("p.csv").split(separator: "\n")
    #expect(lines[0] == "session,next_item_prediction" && lines.count == 21)
    #expect(lines[1].hasPrefix("v290,['p") && lines[20].hasPrefix("v309,"))
  }

  /// Last week's checkpoint in a data set that goes on behind its items: evaluated, asked and fine-tuned.
  @Test func nextWeekHasNewItems() throws {
    try writeLog("week1.csv", sessions: 0..<300)
    try writeLog("week2.csv", sessions: 300..<600, newItems: true)
    try caravan("prepare", "--sessions", path("week1.csv"), "--columns", Self.columns, "--out", path("d1"))
    try caravan(
      "prepare", "--sessions", path("week2.csv"), "--columns", Self.columns, "--vocabulary", path("d1"),
      "--test-fraction",
      "0.3", "--out", path("d2"))
    // What counts knows as little of new items.
    try caravan("train", "--dataset", path("d1"), "--model", "COVISIT", "--out", path("c"))
    try caravan("evaluate", "--dataset", path("d2"), "--checkpoint", path("c"), "--transductive", ranks: 2)
    let sizes = ["--embedding-size", "8", "--hidden-size", "8", "--epochs", "1", "--batch-size", "64"]
    let trained = try CaravanCommand.run(
      ["train", "--dataset", path("d1"), "--model", "GRU4Rec", "--out", path("r")] + sizes)
    #expect(trained.status == 0, "\(trained.stderr)")
    for (table, ranks) in [("replicated", 1), ("sharded", 2)] {
      let outcome = try caravan(
        "evaluate", "--dataset", path("d2"), "--checkpoint", path("r"), "--top", "100", "--item-table", table, "--json",
        path(table), ranks: ranks)
      #expect(outcome.stderr.contains("does not know"), "\(outcome.stderr)")
    }
    #expect(try text("replicated") == text("sharded"))
    // New items are not found, all others are: the catalogue is smaller than the cut-off.
    let figures = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path("sharded")))) as? [String: Any])
    let recall = try #require((figures["all"] as? [String: Double])?["recall@100"])
    #expect(recall > 0.5 && recall < 1)
    try caravan(
      "predict", "--dataset", path("d2"), "--checkpoint", path("r"), "--sessions", path("week2.csv"), "--candidates",
      "all",
      "--top", "12", "--out", path("p.csv"))
    #expect(try !text("p.csv").contains("'new"))
    try caravan(
      "finetune", "--dataset", path("d2"), "--checkpoint", path("r"), "--epochs", "1", "--batch-size", "64", "--out",
      path("f"))
    let refused = try CaravanCommand.run(
      ["train", "--dataset", path("d2"), "--model", "GRU4Rec", "--out", path("r")] + sizes)
    #expect(refused.status == 1 && refused.stderr.contains("caravan finetune"), "\(refused.stderr)")
  }

  /// Clicks that training saw, that come up twice, or that are counted before they are asked for are not asked for.
  @Test func everyClickIsAskedForOnce() throws {
    try writeLog("log.csv", sessions: 0..<100)
    try caravan(
      "prepare", "--sessions", path("log.csv"), "--columns", Self.columns, "--leave-one-out", "--out", path("one"))
    let rows = "session_id,prev_items,next_item\n" + (0..<40).map { "\($0),a,b\n\($0),a b,c\n" }.joined()
    try rows.write(toFile: path("rows.csv"), atomically: true, encoding: .utf8)
    try caravan("prepare", "--sessions", path("rows.csv"), "--test", path("rows.csv"), "--out", path("rows"))
    for (name, words) in [("one", "--leave-one-out"), ("rows", "are prefixes already")] {
      try caravan("train", "--dataset", path(name), "--model", "COVISIT", "--out", path("r-\(name)"))
      let arguments = ["evaluate", "--dataset", path(name), "--checkpoint", path("r-\(name)"), "--every-click"]
      let refused = try CaravanCommand.run(arguments)
      #expect(refused.status == 1 && refused.stderr.contains(words), "\(refused.stderr)")
      let leaking = try CaravanCommand.run(arguments + ["--transductive"])
      #expect(leaking.status != 0 && leaking.stderr.contains("--transductive"), "\(leaking.stderr)")
    }
  }

  @Test func explainMakesNothing() throws {
    try writeLog("log.csv", sessions: 0..<5)
    let outcome = try caravan("prepare", "--explain", path("log.csv"), "--columns", Self.columns)
    #expect(outcome.stdout.contains("line 2: session v0, item p0, at 1970-01-01T00:00:00Z"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["log.csv"])
    let unknown = try CaravanCommand.run(["prepare", "--explain", path("log.csv")])
    #expect(
      unknown.status == 1
        && unknown.stderr.contains("name no session: say which it is with --columns session=…,time=…"))
  }
}
