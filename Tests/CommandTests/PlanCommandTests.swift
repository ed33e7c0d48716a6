import Foundation
import TestSupport
import Testing

/// `caravan plan`: that it answers, and that ranks send what it says.
@Suite(.serialized) final class PlanCommandTests {
  private let folder: String

  init() throws { folder = try CaravanCommand.temporaryFolder() }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func json(_ path: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any] ?? [:]
  }

  private func plan(_ options: [String], status: Int32 = 0) throws -> (
    text: String, choices: [[String: Any]], all: [String: Any]
  ) {
    let path = "\(folder)/plan.json"
    let outcome = try CaravanCommand.run(["plan", "--json", path] + options)
    try #require(outcome.status == status, "\(outcome.stderr)")
    let answer = try json(path)
    return (outcome.stdout, try #require(answer["choices"] as? [[String: Any]]), answer)
  }

  @Test func theTableHasBothLayoutsAndMarksTheBest() throws {
    let (text, choices, answer) = try plan([
      "--items", "1.4M", "--sessions", "3.6m", "--model", "NARM", "--targets", "last", "--batch-size", "4096",
      "--nodes", "16", "--cores",
      "32", "--network", "10GbE", "--memory", "128G",
    ])
    #expect(text.contains("NARM, 1400000 items, batch 4096, f32, 16 nodes of 32 cores, 10GbE"))
    #expect(text.contains("computed, not measured") && text.contains("built-in constants"))
    #expect(text.contains("more ranks than 64 stripes"))
    let lines = text.split(separator: "\n")
    #expect(lines.filter { $0.contains("replicated ") && !$0.contains("mpirun") }.count == 6)
    #expect(lines.filter { $0.contains("sharded ") && !$0.contains("mpirun") }.count == 6)
    #expect(choices.count == 12 && answer["steps_per_epoch"] as? Int == 879)
    let best = try #require(answer["best"] as? Int)
    let possible = choices.compactMap { $0["seconds_per_step"] as? Double }
    #expect(choices[best]["seconds_per_step"] as? Double == possible.min())
    #expect(lines.filter { $0.hasPrefix("* ") }.count == 2, "the best line, and its command")
  }

  @Test func whatCannotBeIsSaid() throws {
    let few = try plan(["--cores", "4", "--lanes", "2", "--head-blocks", "1"])
    #expect(few.text.contains("more ranks than 2 lanes") && few.text.contains("more ranks than 1 head blocks"))
    let small = try plan(["--cores", "2", "--items", "50M", "--memory", "1G"], status: 1)
    #expect(small.text.contains("not enough memory") && small.text.contains("nothing is possible: a rank takes "))
    #expect(small.all["best"] == nil)
  }

  /// The mean over ranks: which rank owns the popular rows is not the formula's to know.
  @Test(arguments: ["replicated", "sharded"], [1, 2, 3, 4])
  func ranksSendWhatIsComputed(itemTable: String, ranks: Int) throws {
    for model in ["GRU4Rec", "NARM"] {
      let size = ["--model", model, "--items", "6000", "--batch-size", "128"]
      let report = "\(folder)/report.json"
      let outcome = try CaravanCommand.run(
        ["bench", "--steps", "3", "--warmup-steps", "0", "--item-table", itemTable, "--json", report] + size,
        ranks: ranks)
      try #require(outcome.status == 0, "\(outcome.stderr)")
      let sent = try #require(try json(report)["bytes_sent_per_step"] as? [Int])
      let choices = try plan(size + ["--cores", "\(ranks)", "--ranks-per-node", "\(ranks)"]).choices
      let choice = try #require(choices.first { $0["item_table"] as? String == itemTable })
      let computed = try #require(choice["bytes_sent_per_step"] as? Int)
      let mean = Double(sent.reduce(0, +)) / Double(ranks)
      #expect(abs(Double(computed) - mean) <= 0.05 * mean, "\(model): \(computed) of \(sent)")
    }
  }

  @Test func aCalibrationIsTakenOver() throws {
    let path = "\(folder)/node.json"
    let head = #""f32": {"gflops": 50, "ns_per_logit": 1}"#
    let text =
      #"{"machine": "a node", "head": {\#(head)}, "encoder_us_per_click": {"NARM": 1}, "memory_gb_per_s": 8, "#
      + #""exchange_gb_per_s": 1, "message_us": 1, "network_message_us": 1, "checkpoint_mb_per_s": 1}"#
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    let answer = try plan(["--model", "NARM", "--calibration", path])
    #expect(answer.text.contains("with the constants of a node\n"))
    for (option, lack) in [("--precision=bf16", "--precision bf16"), ("--model=CORE", "--model CORE")] {
      let outcome = try CaravanCommand.run(["plan", "--model", "NARM", "--calibration", path, option])
      #expect(outcome.stderr.contains("the calibration of a node has no \(lack): calibrate with it"))
    }
  }

  @Test(arguments: [
    (["--items", "5x"], "--items is 5x: choose a whole number from 12"),
    (["--items", "1e30G"], "--items is 1e30G: choose"), (["--items", "nanM"], "--items is nanM: choose"),
    (["--network", "fast"], "--network is fast: choose a rate such as"),
    (["--nodes", "2"], "--network is none: choose a rate such as 10GbE, for there are 2 nodes"),
    (["--cores", "0"], "--cores is 0: choose"), (["--memory=-1G"], "--memory is -1G: choose"),
    (["--calibration", "/nowhere"], "/nowhere is no calibration, it cannot be read: give the file of"),
    (["--calibration", "/etc/passwd"], "/etc/passwd is no calibration, it is not what bench --calibrate writes"),
  ])
  func nonsenseIsRefusedInOneLine(options: [String], reason: String) throws {
    let outcome = try CaravanCommand.run(["plan"] + options)
    #expect(outcome.status == 1)
    #expect(outcome.stderr.contains(reason) && outcome.stderr.split(separator: "\n").count == 1, "\(outcome.stderr)")
  }
}
