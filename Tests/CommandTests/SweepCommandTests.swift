import Foundation
import TestSupport
import Testing

/// `caravan sweep` and `caravan inspect` the way a user runs them: alone and in groups of ranks, stopped, killed.
@Suite(.serialized) final class SweepCommandTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 3000, items: 700)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Four jobs that go well and three that fail, each in its own way.
  private static let mixed = """
    options: {model: GRU4Rec, preset: recbole, batch_size: 128, epochs: 2, embedding_size: 16, hidden_size: 16}
    grid:
      job:
        - {lr: 0.0005}
        - {lr: 0.01, dropout: 0.3}
        - {lr: 1e30}
        - {lr: 0.01, lanes: 6}
        - {lr: 0.01, dropout: 0}
        - {lr: 0.01, dropouts: 0.3}
        - {lr: 0.002, num_layers: 2}
    """

  private func write(_ yaml: String, as name: String = "sweep.yaml") throws -> String {
    let path = folder + "/" + name
    try yaml.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func sweep(
    _ yaml: String, _ out: String, ranks: Int?, _ more: [String] = []
  ) throws -> MPIRun.Outcome {
    try CaravanCommand.run(
      ["sweep", write(yaml), "--set", "dataset=\(dataset)", "--out", folder + "/" + out] + more, ranks: ranks)
  }

  private func read(_ path: String) throws -> String {
    try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
  }

  /// The lines of `jobs.jsonl`, without the time that they took, by the job's name.
  private func records(_ out: String) throws -> [String: NSDictionary] {
    try read(out + "/jobs.jsonl").split(separator: "\n").reduce(into: [:]) { records, line in
      var record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let name = try #require(record["job"] as? String)
      #expect((record.removeValue(forKey: "seconds") as? Double ?? -1) >= 0)
      #expect(records[name] == nil, "\(name) is recorded twice")
      records[name] = record as NSDictionary
    }
  }

  private func checksums(_ run: String) throws -> [String: String] {
    try CaravanCommand.checksums(ofCheckpoint: folder + "/" + run + "/checkpoints/latest")
  }

  @Test func theSameResultsOnAnyNumberOfRanksAndGroups() throws {
    let layouts: [(ranks: Int?, more: [String])] = [
      (nil, []), (2, []), (2, ["--ranks-per-job", "1"]), (3, ["--ranks-per-job", "2"]), (3, ["--ranks_per_job=1"]),
    ]
    for (number, layout) in layouts.enumerated() {
      let outcome = try sweep(Self.mixed, "sweep-\(number)", ranks: layout.ranks, layout.more)
      #expect(outcome.status == 0, "\(outcome.stderr)")
      let results = "sweep-\(number)/results.txt"
      #expect(outcome.stdout == (try read(results)) + "results: \(folder)/\(results)\n")
      #expect(try read(results) == read("sweep-0/results.txt"), "\(layout)")
      #expect(try records("sweep-\(number)") == records("sweep-0"), "\(layout)")
      for job in ["lr=0.0005", "lr=0.01,dropout=0.3", "lr=0.002,num_layers=2"] {
        #expect(try checksums("sweep-\(number)/jobs/\(job)") == checksums("sweep-0/jobs/\(job)"), "\(layout)")
      }
    }
    let lines = try read("sweep-0/results.txt").split(separator: "\n").map(String.init)
    #expect(lines.count == 8)
    #expect(lines[0].split(separator: " ") == ["lr", "dropout", "num_layers", "MRR@100", "Recall@100"])
    let metrics = lines[1...4].compactMap { Double($0.split(separator: " ")[4]) }
    #expect(metrics.count == 4 && metrics == metrics.sorted(by: >) && metrics[0] > metrics[3])
    #expect(lines[5].hasPrefix("failed: lr=1e30: the loss at step ") && lines[5].contains("training diverged"))
    #expect(lines[6] == "failed: lr=0.01,lanes=6: --lanes is 6: choose a power of two from 1 to 4096")
    #expect(lines[7].hasPrefix("failed: lr=0.01,dropouts=0.3: GRU4Rec has no option --dropouts: did you mean dropout?"))

    // What the sweep found can be trained again, to the same bytes.
    let again = try CaravanCommand.run(
      ["train", "--config", folder + "/sweep-0/best.yaml", "--out", folder + "/again"], ranks: 2)
    #expect(again.status == 0, "\(again.stderr)")
    #expect(try checksums("again") == checksums("sweep-0/best"))
    // Started again, there is nothing to do; those that failed are tried again when asked.
    let idle = try sweep(Self.mixed, "sweep-0", ranks: 2, ["--ranks-per-job", "1"])
    #expect(idle.status == 0 && !idle.stderr.contains("job "), "\(idle.stderr)")
    let retried = try sweep(Self.mixed, "sweep-0", ranks: nil, ["--retry-failed"])
    #expect(retried.stderr.split(separator: "\n").filter { $0.contains(" failed: ") }.count == 3, "\(retried.stderr)")
    #expect(try read("sweep-0/jobs.jsonl").split(separator: "\n").count == 10)
  }

  /// The second job is long enough to be caught in the middle.
  private static let long = """
    options:
      {model: GRU4Rec, preset: recbole, batch_size: 128, embedding_size: 16, hidden_size: 16, checkpoint_every: 5,
       stopping_step: 99, lr: 0.002}
    grid:
      job: [{dropout: 0.5, epochs: 2}, {dropout: 0.2, epochs: 40}, {dropout: 0, epochs: 2}]
    """

  @Test func aStoppedSweepGoesOnWhereItWas() throws {
    let jobs = ["dropout=0.5,epochs=2", "dropout=0.2,epochs=40", "dropout=0,epochs=2"]
    let unbroken = try sweep(Self.long, "unbroken", ranks: 2, ["--ranks-per-job", "1"])
    #expect(unbroken.status == 0, "\(unbroken.stderr)")
    for signal in ["KILL", "USR1"] {
      let stopped = try runSweep(into: signal, until: jobs[1], signal: signal)
      #expect((stopped.status == 75) == (signal == "USR1") && !stopped.timedOut, "\(stopped.stderr)")
      #expect(try Set(records(signal).keys) == [jobs[0]])
      if signal == "USR1" {
        #expect(stopped.stdout.contains("2 jobs to do\n"))
        #expect(stopped.stderr.contains("stopped by SIGUSR1: the same command goes on from here"))
      }
      let firstLog = try read("\(signal)/jobs/\(jobs[0])/log.txt")

      let resumed = try sweep(Self.long, signal, ranks: 3)
      #expect(resumed.status == 0 && resumed.stderr.contains("going on after step"), "\(resumed.stderr)")
      #expect(try read("\(signal)/jobs/\(jobs[0])/log.txt") == firstLog)
      #expect(try read("\(signal)/results.txt") == read("unbroken/results.txt"))
      #expect(try records(signal) == records("unbroken"))
      for job in jobs {
        #expect(try checksums("\(signal)/jobs/\(job)") == checksums("unbroken/jobs/\(job)"), "\(job)")
      }
    }
  }

  /// Each process of the sweep sends itself the signal once a job has a checkpoint.
  private func runSweep(into out: String, until job: String, signal: String) throws -> MPIRun.Outcome {
    let out = folder + "/" + out
    let signaller =
      "( while [ ! -e '\(out)/jobs/\(job)/checkpoints/latest' ]; do sleep 0.02; done; "
      + "kill -\(signal) $$ ) & exec \"$0\" \"$@\""
    let arguments = [
      "-c", signaller, try BuiltProducts.url("caravan").path, "sweep", try write(Self.long), "--set",
      "dataset=\(dataset)", "--out", out,
    ]
    return try MPIRun.run(ranks: 2, executable: URL(fileURLWithPath: "/bin/sh"), arguments: arguments)
  }

  @Test func wrongUsageIsOneLine() throws {
    #expect(
      try sweep("grid: {lr: [0.1]}\noptions: {epochs: 1, model: STAMP, preset: recbole}", "first", ranks: nil).status
        == 0)
    let cases: [(yaml: String, more: [String], sentence: String)] = [
      ("grid: {lr: 0.1}", [], "sweep.yaml is no sweep: grid.lr is no list of values"),
      ("command: bake\ngrid: {lr: [1]}", [], "there is no sweep over 'bake': choose the command train or finetune"),
      ("grid: {lr: [1]}", ["--set", "epochs"], "cannot set 'epochs': write an option and its value"),
      ("grid: {lr: [1]}", ["--ranks-per-job", "2"], "--ranks-per-job is 2, but there is 1 rank: choose from 1 to 1"),
      (
        "grid: {lr: [0.1]}\noptions: {epochs: 2, model: STAMP, preset: recbole}", [],
        "holds lr=0.1 with epochs 1, now it is 2"
      ),
      ("grid: {lr: [-1, 0]}\noptions: {model: STAMP}", [], "each of the 2 jobs failed"),
      ("grid: {lr: [-1, 0.1]}\noptions: {model: STAMP}", ["--dry-run"], "1 of 2 jobs cannot run, see above"),
    ]
    for (yaml, more, sentence) in cases {
      let outcome = try sweep(yaml, "first", ranks: nil, more)
      let lines = outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan:") }
      #expect(outcome.status == 1 && lines.count == 1 && lines[0].contains(sentence), "\(outcome.stderr)")
    }
    let unread = try CaravanCommand.run(["sweep", folder + "/nowhere.yaml", "--out", folder + "/x"], ranks: 2)
    #expect(unread.status == 1 && unread.stderr.contains("cannot read \(folder)/nowhere.yaml"), "\(unread.stderr)")
  }

  @Test func jobsNeedSomethingToBeComparedBy() throws {
    let bare = folder + "/bare"
    let prepared = try CaravanCommand.run([
      "prepare", "--sessions", folder + "/sessions/sessions_train.csv", "--valid-fraction", "0", "--out", bare,
    ])
    #expect(prepared.status == 0, "\(prepared.stderr)")
    let options = "options: {model: STAMP, preset: recbole, epochs: 1, embedding_size: 8}\n"
    let noValid = try sweep(options + "grid: {lr: [0.1]}", "a", ranks: nil, ["--set", "dataset=\(bare)"])
    #expect(noValid.status == 1 && noValid.stderr.contains("\(bare) has no valid sessions to compare jobs by"))
    let noEpoch = try sweep(options + "grid: {lr: [0.1]}", "b", ranks: nil, ["--set", "max_steps=1"])
    #expect(noEpoch.status == 1, "\(noEpoch.stderr)")
    #expect(noEpoch.stderr.contains("the run ended before its first epoch"))
  }

  /// The files of the baselines: as many jobs as those had, and every job's options are its model's.
  @Test(arguments: [
    ("gru4rec", 54), ("narm", 18), ("srgnn", 6), ("stamp", 3), ("core", 8), ("finetune", 3), ("finetune-core", 2),
  ])
  func theBaselinesGrids(model: String, jobs: Int) throws {
    let file = Self.repository + "/configs/sweeps/\(model).yaml"
    // A hand-off needs a checkpoint; training knows no such option.
    let handOff = model.hasPrefix("finetune") ? ["--set", "checkpoint=run"] : []
    let listed = try CaravanCommand.run(["sweep", file, "--set", "dataset=\(dataset)", "--dry-run"] + handOff)
    let lines = listed.stdout.split(separator: "\n")
    #expect(listed.status == 0 && lines.last == "\(jobs) jobs" && lines.count == jobs + 1, "\(listed.stderr)")
    #expect(lines.dropLast().allSatisfy { !$0.contains(" ") }, "\(listed.stdout)")
  }

  @Test func aBaselinesScriptSweepsItsParts() throws {
    let settings = ["epochs=1", "embedding_size=8", "batch_size=256"].flatMap { ["--set", $0] }
    let outcome = try MPIRun.run(
      ranks: nil, executable: Self.script,
      arguments: [dataset, folder + "/out", "unpopular", "JP", "finetune", "--"] + settings,
      environment: ["CARAVAN": try BuiltProducts.url("caravan").path, "RANKS": "2"])
    #expect(outcome.status == 0, "\(outcome.stderr)")
    for (part, locales) in [
      ("unpopular", "ES,FR,IT"), ("JP", "JP"), ("popular", "UK,DE,JP"), ("finetune", "ES,FR,IT"),
    ] {
      #expect(try read("out/\(part)/results.txt").split(separator: "\n").count == 4)
      #expect(try read("out/\(part)/best.yaml").contains("locales: \(locales)\n"))
    }
    let evaluated = try CaravanCommand.run([
      "evaluate", "--dataset", dataset, "--checkpoint", folder + "/out/JP/best",
    ])
    #expect(evaluated.status == 0, "\(evaluated.stderr)")
  }

  private static let script = URL(fileURLWithPath: repository + "/scripts/baselines/STAMP.sh")

  @Test func aBaselinesScriptBeginsNoPartAfterAStop() throws {
    let out = folder + "/out", caravan = try BuiltProducts.url("caravan").path
    // Sends itself the signal once the first job has a checkpoint; long before the job is done.
    let stopping = try write(
      """
      #!/bin/sh
      ( while kill -0 $$ 2>/dev/null && [ ! -e '\(out)/ES/jobs/lr=0.01/checkpoints/latest' ]; do sleep 0.02; done
        kill -USR1 $$ ) &
      exec '\(caravan)' "$@"

      """, as: "stopping-caravan")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: stopping)
    let settings = ["epochs=400", "stopping_step=400", "checkpoint_every=1", "embedding_size=8", "batch_size=32"]
    let outcome = try MPIRun.run(
      ranks: nil, executable: Self.script,
      arguments: [dataset, out, "ES", "FR", "--"] + settings.flatMap { ["--set", $0] },
      environment: ["CARAVAN": stopping, "RANKS": "1"])
    #expect(outcome.status == 75, "\(outcome.stderr)")
    #expect(outcome.stderr.contains("stopped in ES: the same command goes on from here"), "\(outcome.stderr)")
    #expect(try read("out/ES/results.txt").hasSuffix(" to do\n"))
    #expect(!FileManager.default.fileExists(atPath: out + "/FR"))
  }

  @Test func aBaselinesScriptChecksAllItsPartsFirst() throws {
    let outcome = try MPIRun.run(
      ranks: nil, executable: Self.script, arguments: [dataset, folder + "/out", "ES", "XX"],
      environment: ["CARAVAN": try BuiltProducts.url("caravan").path, "RANKS": "1"])
    #expect(outcome.status == 64 && outcome.stderr.hasPrefix("there is no part XX: choose from all, "))
    #expect(!FileManager.default.fileExists(atPath: folder + "/out"))
  }

  @Test func inspectShowsTablesOrJSON() throws {
    let tables = try CaravanCommand.run(["inspect", dataset])
    #expect(tables.status == 0, "\(tables.stderr)")
    let lines = tables.stdout.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].split(separator: " ").prefix(6) == ["locale", "train", "valid", "test", "products", "shared"])
    let columns = Set(lines.prefix(8).map(\.count))
    #expect(columns.count == 1, "the columns are aligned: \(tables.stdout)")
    let json = try CaravanCommand.run(["inspect", dataset, "--json"])
    let figures = try #require(try JSONSerialization.jsonObject(with: Data(json.stdout.utf8)) as? [String: Any])
    let all = try #require(figures["all"] as? [String: Any])
    #expect(lines[7].split(separator: " ")[4] == "\(all["products"] as? Int ?? -1)")
    let missing = try CaravanCommand.run(["inspect", folder])
    #expect(missing.status == 1 && missing.stderr.contains("is no prepared data set"))
  }

  private static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}
