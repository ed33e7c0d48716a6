import Foundation
import TestSupport
import Testing

/// Signals that ask to stop: what was done is saved, the exit code is 75, and the same command leaves no trace of it.
@Suite(.serialized) final class StopSignalTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 3000, items: 700)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func options(_ dataset: String) -> [String] {
    ["--dataset", dataset, "--model", "GRU4Rec", "--preset", "recbole", "--batch-size", "30", "--embedding-size", "16"]
      + ["--hidden-size", "16"]
  }

  /// Starts a command, and sends it a signal once a file is there and it listens: signals are then blocked.
  private func signal(
    _ name: String, once file: String, _ arguments: [String], ranks: Int? = nil
  ) throws -> MPIRun.Outcome {
    let sender = """
      ( until [ -e \(folder)/\(file) ] && [ $((0x$(grep SigBlk /proc/$$/status | cut -f 2) & 0x4000)) -ne 0 ]
        do kill -0 $$ || exit; sleep 0.005; done; kill -\(name) $$ ) 2>/dev/null & exec "$0" "$@"
      """
    let command = ["-c", sender, try BuiltProducts.url("caravan").path]
    return try MPIRun.run(ranks: ranks, executable: URL(fileURLWithPath: "/bin/sh"), arguments: command + arguments)
  }

  private func checksums(_ run: String, _ step: String) throws -> [String: String] {
    try CaravanCommand.checksums(ofCheckpoint: "\(folder)/\(run)/checkpoints/\(step)")
  }

  @Test(arguments: ["TERM", "INT", "USR1", "HUP"])
  func fourSignalsAreOne(name: String) throws {
    let run = options(dataset) + ["--checkpoint-every", "20", "--epochs", "400", "--out", folder + "/asked"]
    let asked = try signal(name, once: "asked/checkpoints/latest", ["train"] + run)
    #expect(asked.status == 75 && asked.stdout == "", "\(asked.stderr)")
    #expect(asked.stderr.contains("stopped by SIG\(name) after step "))
    let newest = try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/asked/checkpoints/latest")
    let step = try #require(Int(newest.dropFirst(5)))
    let resumed = try CaravanCommand.run(["train"] + run + ["--max-steps", "\(step + 30)"], ranks: 2)
    #expect(resumed.status == 0 && resumed.stderr.contains("going on after step \(step)"), "\(resumed.stderr)")
  }

  /// While data are read there is nothing to save; the code is the same.
  @Test(arguments: [nil, 2])
  func aSignalBeforeTheFirstStepCounts(ranks: Int?) throws {
    try Data().write(to: URL(fileURLWithPath: folder + "/go"))
    let run = options(dataset) + ["--epochs", "4000", "--stopping-step", "4000", "--out", folder + "/early"]
    let asked = try signal("TERM", once: "go", ["train"] + run, ranks: ranks)
    #expect(asked.status == 75, "\(asked.stderr)")
    #expect(asked.stderr.contains("stopped by SIGTERM"))
  }

  /// A second SIGINT ends at once, by the signal: the first waits for a step that takes seconds.
  @Test func aSecondInterruptEndsAtOnce() throws {
    let run =
      options(dataset) + ["--epochs", "1", "--batch-size", "2900", "--targets", "all", "--embedding-size", "256"]
    let sender = """
      ( until [ -s \(folder)/slow/log.txt ]; do kill -0 $$ || exit; sleep 0.01; done
        sleep 0.5; kill -INT $$; sleep 0.3; kill -INT $$ ) 2>/dev/null & exec "$0" "$@"
      """
    let command = ["-c", sender, try BuiltProducts.url("caravan").path, "train"]
    let ended = try MPIRun.run(
      ranks: nil, executable: URL(fileURLWithPath: "/bin/sh"),
      arguments: command + run + ["--hidden-size", "1024", "--num-layers", "2", "--out", folder + "/slow"])
    #expect(ended.status == 130 && !ended.timedOut, "\(ended.status) \(ended.stderr)")
  }

  /// The checkpoint of an epoch is there before its evaluation, which a kill or a stop leaves to the next start.
  @Test(arguments: ["KILL", "TERM"])
  func whatAnEvaluationLeavesOutIsMadeUpFor(name: String) throws {
    // A long evaluation after short epochs: half of the sessions are for validation, among many items.
    let source = folder + "/many", large = folder + "/large"
    #expect(
      try CaravanCommand.run(["synth", "--out", source, "--n-sessions", "12000", "--items", "40000"]).status == 0)
    let prepared = try CaravanCommand.run([
      "prepare", "--sessions", source + "/sessions_train.csv", "--valid-fraction", "0.5", "--out", large,
    ])
    #expect(prepared.status == 0, "\(prepared.stderr)")
    let plan = options(large) + ["--embedding-size", "64", "--loss", "bpr-max", "--n-sample", "20", "--epochs", "2"]
    func train(_ run: String, ranks: Int) throws -> MPIRun.Outcome {
      try CaravanCommand.run(["train"] + plan + ["--out", folder + "/" + run], ranks: ranks)
    }
    // The signal is sent once the epoch's checkpoint is there; should it be too late, once more.
    var run = "", isInTime = false
    for attempt in 1...5 where !isInTime {
      run = "asked-\(attempt)"
      let asked = try signal(
        name, once: "\(run)/checkpoints/latest", ["train"] + plan + ["--out", folder + "/" + run])
      #expect(asked.status == (name == "TERM" ? 75 : 137), "\(asked.stderr)")
      isInTime = try CaravanCommand.epochs(ofRun: folder + "/" + run).isEmpty
    }
    #expect(isInTime && !FileManager.default.fileExists(atPath: folder + "/\(run)/checkpoints/best"))

    let resumed = try train(run, ranks: 3)
    #expect(resumed.status == 0 && resumed.stderr.contains("epoch 1 done"), "\(resumed.stderr)")
    #expect(try train("unbroken", ranks: 2).status == 0)
    for step in ["latest", "best"] { #expect(try checksums(run, step) == checksums("unbroken", step)) }
    #expect(try CaravanCommand.epochs(ofRun: folder + "/" + run).count == 2)

    let evaluate = ["evaluate", "--dataset", large, "--split", "valid", "--checkpoint", folder + "/unbroken"]
    let left = try signal("USR1", once: "unbroken", evaluate, ranks: 2)
    #expect(left.status == 75 && left.stdout == "", "\(left.stderr)")
    #expect(left.stderr.contains("caravan: stopped by SIGUSR1: start the same command again"))
  }

  /// A rank that is killed says nothing; one of the others does, even under `mpirun --quiet`.
  @Test func aRankThatIsKilledIsReportedOnce() throws {
    let run = options(dataset) + ["--epochs", "4000", "--stopping-step", "4000", "--out", folder + "/lost"]
    let script =
      "[ \"$OMPI_COMM_WORLD_RANK\" = 1 ] && ( until [ -e \(folder)/lost/checkpoints/latest ]; "
      + "do kill -0 $$ || exit; sleep 0.02; done; "
      + "kill -KILL $$ ) & exec \"$0\" \"$@\""
    let command = ["-c", script, try BuiltProducts.url("caravan").path, "train"]
    let ended = try MPIRun.run(ranks: 3, executable: URL(fileURLWithPath: "/bin/sh"), arguments: command + run)
    #expect(ended.status != 0 && !ended.timedOut)
    let lines = ended.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan: ") }
    #expect(lines.count == 1 && lines[0].contains("or one of its ranks was killed"), "\(ended.stderr)")
  }
}
