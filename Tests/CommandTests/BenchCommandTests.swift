import Foundation
import TestSupport
import Testing

/// `caravan bench`, and traces: what they say, never how fast anything was.
@Suite(.serialized) final class BenchCommandTests {
  private let folder: String

  init() throws { folder = try CaravanCommand.temporaryFolder() }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func bench(_ options: [String], ranks: Int?) throws -> [String: Any] {
    let report = "\(folder)/report.json"
    let outcome = try CaravanCommand.run(
      ["bench", "--items", "3000", "--batch-size", "64", "--steps", "2", "--warmup-steps", "1", "--json", report]
        + options, ranks: ranks)
    #expect(outcome.status == 0, "\(outcome.stderr)")
    #expect(outcome.stdout.contains("seconds a step"))
    return try json(report)
  }

  private func json(_ path: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any] ?? [:]
  }

  @Test(arguments: ["GRU4Rec", "CORE"])
  func theReportIsComplete(model: String) throws {
    let alone = try bench(["--model", model], ranks: nil)
    let shared = try bench(["--model", model, "--threads-per-rank", "2"], ranks: 2)
    #expect(alone["loss"] as? Double == shared["loss"] as? Double, "ranks and threads change no bit")
    #expect(shared["ranks"] as? Int == 2 && shared["threads_per_rank"] as? Int == 2)
    #expect(alone["bytes_sent_per_step"] as? [Int] == [0])
    // A rank sends half of the table's gradient and half of the table, 3,001 × 64 floats each, and little else.
    let table = 3001 * 64 * 4
    for sent in try #require(shared["bytes_sent_per_step"] as? [Int]) {
      #expect((table..<2 * table).contains(sent), "\(sent) bytes")
    }
    // Of a small catalogue most is the process itself, which the forecast has as a constant.
    let peaks = try #require(shared["peak_memory_bytes"] as? [Int])
    let forecasts = try #require(shared["forecast_bytes"] as? [Int])
    for (peak, forecast) in zip(peaks, forecasts) { #expect((peak / 2..<2 * peak).contains(forecast)) }
    let phases = try #require(shared["phases"] as? [String: Double])
    let names = "encode encode_backward exchange head_backward head_forward optimizer waiting"
    #expect(phases.keys.sorted().joined(separator: " ") == names)
    #expect(phases.values.allSatisfy { $0 >= 0 } && phases.values.reduce(0, +) > 0)
    #expect(try #require(shared["seconds_per_step"] as? Double) > 0)
    let share = try #require(shared["share_of_peak"] as? Double)
    #expect(share > 0 && share < 1)
    #expect(try #require(shared["evaluated_sessions_per_second"] as? Double) > 0)
  }

  @Test func theTraceHasEveryRankAndPhase() throws {
    let trace = "\(folder)/trace.json"
    _ = try bench(["--trace", trace], ranks: 2)
    try expectPhases(trace, ranks: 2, steps: 2)
  }

  @Test func trainingWritesATraceToo() throws {
    let dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 600, items: 300)
    let trace = "\(folder)/trace.json"
    let outcome = try CaravanCommand.run(
      ["train", "--dataset", dataset, "--model", "STAMP", "--batch-size", "30", "--max-steps", "12"]
        + ["--out", folder + "/run", "--trace", trace], ranks: 2)
    #expect(outcome.status == 0, "\(outcome.stderr)")
    #expect(outcome.stderr.contains("memory: about 0."))
    try expectPhases(trace, ranks: 2, steps: 5)
  }

  private func expectPhases(_ path: String, ranks: Int, steps: Int) throws {
    let events = try #require(try json(path)["traceEvents"] as? [[String: Any]])
    for rank in 0..<ranks {
      let starts = events.compactMap { $0["ts"] as? Double }
      #expect(starts.min() == 0, "viewers drop what lies before zero")
      for phase in ["encode", "head forward", "head backward", "encode backward", "exchange", "optimizer"] {
        let own = events.filter { $0["pid"] as? Int == rank && $0["name"] as? String == phase }
        // Some phases of a step come in several parts.
        #expect(!own.isEmpty && own.count % steps == 0, "\(own.count) spans of \(phase) on rank \(rank)")
        let durations = own.map { $0["dur"] as? Double ?? 0 }
        #expect(durations.allSatisfy { $0 > 0 })
      }
    }
  }

  @Test(arguments: [
    (["--items", "90000000", "--embedding-size", "60000"], "GB left: use more nodes, or smaller sizes"),
    (["--threads-per-rank", "0"], "--threads-per-rank is 0: choose"), (["--lanes", "3"], "--lanes is 3: choose"),
    (["--steps", "0"], "--steps is 0: choose"), (["--model", "BERT"], "--model is BERT: choose one of GRU4Rec"),
  ])
  func nonsenseIsRefusedInOneLine(options: [String], reason: String) throws {
    let outcome = try CaravanCommand.run(["bench"] + options)
    #expect(outcome.status == 1)
    #expect(outcome.stderr.contains(reason) && outcome.stderr.split(separator: "\n").count == 1, "\(outcome.stderr)")
  }
}
