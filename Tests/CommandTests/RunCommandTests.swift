import Foundation
import TestSupport
import Testing

/// `caravan run`: jobs that are started, stopped, killed and started again.
@Suite(.serialized) final class RunCommandTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 3000, items: 700)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func training(_ out: String, epochs: Int = 2) -> [String] {
    ["train", "--dataset", dataset, "--model", "GRU4Rec", "--preset", "recbole", "--batch-size", "30"]
      + ["--embedding-size", "16", "--hidden-size", "16", "--checkpoint-every", "10", "--stopping-step", "4000"]
      + ["--epochs", "\(epochs)", "--out", "\(folder)/\(out)"]
  }

  /// Runs a shell's lines; `$caravan` is the executable.
  private func shell(_ lines: String, _ arguments: [String], timeout: Double = 120) throws -> MPIRun.Outcome {
    try MPIRun.run(
      ranks: nil, executable: URL(fileURLWithPath: "/bin/bash"), arguments: ["-c", lines, "bash"] + arguments,
      environment: ["caravan": try BuiltProducts.url("caravan").path], timeout: timeout)
  }

  private func model(_ run: String) throws -> String? {
    try CaravanCommand.checksums(ofCheckpoint: "\(folder)/\(run)/checkpoints/latest")["model.safetensors"]
  }

  @Test func aDryRunPrintsTheCommand() throws {
    let told = try CaravanCommand.run(
      ["run", "-n", "2", "--interface", "lo", "--hang-timeout", "30s", "--dry-run"] + training("a run"))
    #expect(told.status == 0, "\(told.stderr)")
    #expect(told.stdout.hasPrefix("mpirun ") && told.stdout.contains(" -n 2 "))
    #expect(told.stdout.contains("'\(folder)/a run' --hang-timeout 30s\n"))
    #expect(!FileManager.default.fileExists(atPath: folder + "/a run"))
  }

  @Test(arguments: [
    (
      ["run", "-n", "9", "train", "--out", "x"],
      "caravan: -n is 9, more than the 8 lanes of a batch: start fewer ranks, or raise --lanes: see caravan help run\n"
    ),
    (["run"], "caravan: Missing expected argument '<command> ...': see caravan help run\n"),
    (["run", "--restart", "3", "train"], "caravan: caravan run has no option --restart: did you mean --restarts?\n"),
    (["run", "trian"], "caravan: there is no command trian: did you mean train?\n"),
    (["run", "train", "--modle", "NARM"], "caravan: caravan train has no option --modle: did you mean --model?\n"),
    (["run", "-n", "0", "train"], "caravan: -n is a whole number from 1, it is 0: see caravan help run\n"),
    (
      ["run", "run", "train"],
      "caravan: caravan run starts ranks by itself: start it without caravan run: see caravan help run\n"
    ),
  ])
  func aWrongLineIsToldBeforeAnythingStarts(arguments: [String], line: String) throws {
    let told = try CaravanCommand.run(arguments)
    #expect(told.status == 64)
    #expect(told.stderr == line)
  }

  @Test func aRanksOwnFailureIsNotRepeated() throws {
    let told = try CaravanCommand.run([
      "run", "-n", "2", "--restarts", "3", "train", "--dataset", "nowhere", "--model", "NARM", "--out", folder + "/x",
    ])
    #expect(told.status == 1)
    #expect(told.stderr.split(separator: "\n").count == 1, "\(told.stderr)")
  }

  @Test func aKilledRankIsReplacedAndTheBytesAreTheSame() throws {
    let plain = try CaravanCommand.run(training("plain"))
    #expect(plain.status == 0, "\(plain.stderr)")
    // What --resume says is meant for the first start.
    let killed = try shell(
      """
      "$caravan" run -n 3 --restarts 2 "$@" --resume never & job=$!
      until [ -e \(folder)/killed/checkpoints/latest ]; do kill -0 $job || exit 3; sleep 0.02; done
      kill -KILL $(pgrep -f "^[^ ]*release/caravan train .*\(folder)/killed" | shuf -n 1)
      wait $job
      """, training("killed"))
    #expect(killed.status == 0, "\(killed.stderr)")
    #expect(killed.stderr.contains("starting again in 1 s, 1 of 2"))
    #expect(killed.stderr.contains("going on after step"))
    #expect(try model("killed") == model("plain"))
  }

  /// mpirun itself would kill the ranks a second after SIGTERM.
  @Test(arguments: ["TERM", "INT", "HUP", "USR1"])
  func aSignalSavesAndEndsWith75(name: String) throws {
    let asked = try shell(
      """
      "$caravan" run -n 2 --restarts 2 "$@" & job=$!
      until [ -e \(folder)/asked/checkpoints/latest ]; do kill -0 $job || exit 3; sleep 0.02; done
      kill -\(name) $job; wait $job
      """, training("asked", epochs: 4000))
    #expect(asked.status == 75, "\(asked.stderr)")
    #expect(asked.stderr.contains("stopped by SIGUSR1 after step"))
    #expect(!asked.stderr.contains("Forwarding"))
  }

  /// A rank that stands still: named within the time-out, and the job goes on from its last checkpoint.
  @Test func aStoppedRankIsReplaced() throws {
    let outcome = try shell(
      """
      "$caravan" run -n 2 --restarts 2 --hang-timeout 2s "$@" & job=$!
      until [ -e \(folder)/still/checkpoints/latest ]; do kill -0 $job || exit 3; sleep 0.02; done
      kill -STOP $(pgrep -f "^[^ ]*release/caravan train .*\(folder)/still" | tail -n 1)
      wait $job
      """, training("still"))
    #expect(outcome.status == 0, "\(outcome.stderr)")
    #expect(outcome.stderr.contains(": no answer for 4 s from rank "), "\(outcome.stderr)")
    #expect(outcome.stderr.contains("starting again in 1 s, 1 of 2"))
  }
}
