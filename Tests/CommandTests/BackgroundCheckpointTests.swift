import Foundation
import TestSupport
import Testing

/// Checkpoints inside an epoch, which are written while training goes on: their bytes, and what happens where writing is
/// interrupted or fails. The epochs are so long that no run here comes to the end of one.
@Suite(.serialized) final class BackgroundCheckpointTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    let source = folder + "/sessions"
    dataset = folder + "/dataset"
    // More than a piece of the item table for each of two ranks; no valid split.
    for command in [
      ["synth", "--out", source, "--n-sessions", "60000", "--items", "9000"],
      ["prepare", "--sessions", source + "/sessions_train.csv", "--valid-fraction", "0", "--out", dataset],
    ] {
      let outcome = try CaravanCommand.run(command)
      if outcome.status != 0 { throw MPIRun.CannotStart(description: outcome.stderr) }
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func options(_ run: String) -> [String] {
    ["--dataset", dataset, "--model", "GRU4Rec", "--preset", "recbole", "--batch-size", "4", "--dropout", "0.3"]
      + ["--hidden-size", "16"]
      + ["--epochs", "20", "--out", folder + "/" + run]
  }

  private func train(_ run: String, ranks: Int?, _ more: [String]) throws -> MPIRun.Outcome {
    try CaravanCommand.run(["train"] + options(run) + more, ranks: ranks)
  }

  /// Trains beside a few lines of a shell, to which `$RUN` is the run's folder, `$P` a rank's process (under mpirun each
  /// rank has such lines of its own) and `alive` whether it is still there.
  private func train(
    _ run: String, ranks: Int?, beside script: String, _ more: [String] = []
  ) throws -> MPIRun.Outcome {
    let shell = """
      RUN=\(folder)/\(run); P=$$; alive() { kill -0 $P || exit; sleep 0.002; }
      ( \(script)
      ) 2>/dev/null & exec "$0" "$@"
      """
    return try MPIRun.run(
      ranks: ranks, executable: URL(fileURLWithPath: "/bin/sh"),
      arguments: ["-c", shell, try BuiltProducts.url("caravan").path, "train"] + options(run) + more)
  }

  /// Waits until a second checkpoint is half-written.
  private let untilWriting =
    "until [ -e $RUN/checkpoints/latest ] && [ -d $RUN/checkpoints/.step-* ]; do alive; done"

  private func latest(_ run: String) throws -> (name: String, step: Int) {
    let name = try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(run)/checkpoints/latest")
    return (name, try #require(Int(name.dropFirst(5))))
  }

  private func checksums(_ run: String, _ step: String = "latest") throws -> [String: String] {
    try CaravanCommand.checksums(ofCheckpoint: "\(folder)/\(run)/checkpoints/\(step)")
  }

  private func temporaries(_ run: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(run)/checkpoints").filter { $0.hasPrefix(".") }
  }

  /// A run that is killed while it writes has whole checkpoints, which are those that training would have waited for,
  /// and goes on from the newest.
  @Test(arguments: [(nil, "replicated"), (2, "replicated"), (3, "replicated"), (1, "sharded"), (2, "sharded")])
  func aRunThatIsKilledWhileItWritesLosesNothingElse(ranks: Int?, table: String) throws {
    let run = "killed", placement = ["--item-table", table]
    let killed = try train(
      run, ranks: ranks, beside: "\(untilWriting); kill -KILL $P", ["--checkpoint-every", "7"] + placement)
    #expect(killed.status != 0 && !killed.timedOut, "\(killed.status): \(killed.stderr.suffix(400))")
    let newest = try latest(run)
    #expect(try train("whole", ranks: 2, ["--max-steps", "\(newest.step)"]).status == 0)
    #expect(try checksums(run, newest.name) == checksums("whole"))

    // A checkpoint that was written in between may be newer than the link.
    let end = ["--max-steps", "\(newest.step + 400)"]
    let resumed = try train(run, ranks: 3, end + placement)
    #expect(resumed.status == 0 && resumed.stderr.contains("going on after step "), "\(resumed.stderr)")
    #expect(try train("whole", ranks: 1, end).status == 0)
    #expect(try checksums(run) == checksums("whole"))
    #expect(try temporaries(run).isEmpty)
  }

  /// A signal does not wait for what is being written: what it saves takes its place.
  @Test(arguments: [nil, 2]) func aSignalLeavesOffWhatIsBeingWritten(ranks: Int?) throws {
    let asked = try train(
      "asked", ranks: ranks, beside: "\(untilWriting); kill -USR1 $P", ["--checkpoint-every", "1"])
    #expect(asked.status == 75, "\(asked.stderr)")
    let newest = try latest("asked")
    #expect(asked.stderr.contains("stopped by SIGUSR1 after step \(newest.step)"), "\(asked.stderr)")
    #expect(try temporaries("asked").isEmpty)
    #expect(try train("whole", ranks: 1, ["--max-steps", "\(newest.step)"]).status == 0)
    #expect(try checksums("asked") == checksums("whole"))
  }

  /// One that falls due while another is being written waits for its end.
  @Test func neverAreTwoWrittenAtOnce() throws {
    let watch = """
      most=0; for k in $(seq 2000); do n=$(ls -d $RUN/checkpoints/.step-* | wc -l); [ $n -gt $most ] && most=$n
      [ -e $RUN/checkpoints/latest ] && [ $k -gt 300 ] && break; alive; done; echo $most > \(folder)/most; kill -TERM $P
      """
    let outcome = try train("run", ranks: nil, beside: watch, ["--checkpoint-every", "1"])
    #expect(outcome.status == 75, "\(outcome.stderr)")
    #expect(try String(contentsOfFile: folder + "/most", encoding: .utf8) == "1\n")
  }

  /// The files grow beyond what a process may write, as on a full disk: the first of them half-written, on all ranks one
  /// line. Under mpirun the limit leaves room for what MPI maps.
  @Test(arguments: [nil, 2]) func aFullDiskEndsTheRun(ranks: Int?) throws {
    let large = ["--embedding-size", "1024", "--checkpoint-every", "2"]
    let shell = "trap '' XFSZ; ulimit -f 40000; exec \"$0\" \"$@\""
    let outcome = try MPIRun.run(
      ranks: ranks, executable: URL(fileURLWithPath: "/bin/sh"),
      arguments: ["-c", shell, try BuiltProducts.url("caravan").path, "train"] + options("run") + large)
    #expect(outcome.status == 1 && !outcome.timedOut)
    let lines = outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan: ") }
    #expect(
      lines.count == 1 && lines[0].contains("cannot write ") && lines[0].contains("File too large"),
      "\(outcome.stderr)")
    #expect(try !FileManager.default.contentsOfDirectory(atPath: folder + "/run").contains("checkpoints"))
  }

  /// Something is in the way of the folder of checkpoints.
  @Test(arguments: [nil, 3]) func whereNothingCanBeWrittenTheRunEnds(ranks: Int?) throws {
    try FileManager.default.createDirectory(atPath: folder + "/run", withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: folder + "/run/checkpoints"))
    let outcome = try train("run", ranks: ranks, ["--checkpoint-every", "1"])
    #expect(outcome.status == 1 && !outcome.timedOut)
    let lines = outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan: ") }
    #expect(lines.count == 1 && lines[0].contains("cannot write \(folder)/run/checkpoints/"), "\(outcome.stderr)")
  }

  /// A folder that is moved away while a checkpoint is written into it.
  @Test func aFolderThatIsMovedMeanwhileEndsTheRun() throws {
    let outcome = try train(
      "run", ranks: nil, beside: "\(untilWriting); mv $RUN \(folder)/moved", ["--checkpoint-every", "1"])
    #expect(outcome.status == 1 && outcome.stderr.contains("was moved or removed while"), "\(outcome.stderr)")
    #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
  }

  /// What is being written when a loss is no number is of weights from before: it is finished, and gone on from.
  @Test(arguments: [nil, 3]) func aDivergenceWaitsForWhatIsBeingWritten(ranks: Int?) throws {
    let outcome = try train("run", ranks: ranks, ["--checkpoint-every", "1", "--lr", "1e12"])
    #expect(outcome.status == 1 && outcome.stderr.contains("training diverged"), "\(outcome.stderr)")
    let newest = try latest("run").name
    #expect(outcome.stderr.contains("goes on from \(folder)/run/checkpoints/\(newest)"), "\(outcome.stderr)")
    #expect(try temporaries("run").isEmpty && checksums("run").count == 4)
    #expect(FileManager.default.fileExists(atPath: folder + "/run/diverged.json"))
  }

  /// The first one is taken within the steps that are recorded, and so is what the run ends with.
  @Test func theTraceTellsWhatStepsWaitFor() throws {
    let trace = folder + "/trace.json"
    #expect(
      try train("run", ranks: 2, ["--checkpoint-every", "5", "--max-steps", "7", "--trace", trace]).status == 0)
    let events =
      try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: trace))) as? [String: Any]
      )["traceEvents"] as? [[String: Any]]
    for rank in 0..<2 {
      let boxes = (events ?? []).filter { $0["name"] as? String == "checkpoint" && $0["pid"] as? Int == rank }
      // The weights are looked at and copied, looked at again and saved.
      #expect(boxes.count >= 4, "rank \(rank)")
    }
  }
}
