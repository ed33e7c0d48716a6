import Foundation
import TestSupport
import Testing

/// A run's folder: one job at a time, copies of it, streams and files that cannot be written.
@Suite(.serialized) final class RunFolderTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 1500, items: 300)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private var options: [String] {
    ["--dataset", dataset, "--model", "GRU4Rec", "--preset", "recbole", "--batch-size", "30", "--lr", "0.01"]
      + ["--embedding-size", "16"]
      + ["--hidden-size", "16"]
  }

  private func train(_ run: String, ranks: Int? = nil, _ more: [String]) throws -> MPIRun.Outcome {
    try CaravanCommand.run(["train"] + options + ["--out", folder + "/" + run] + more, ranks: ranks)
  }

  /// Runs a line of a shell in the folder; `$C` is caravan and `$O` its options.
  private func shell(_ script: String) throws -> MPIRun.Outcome {
    try MPIRun.run(
      ranks: nil, executable: URL(fileURLWithPath: "/bin/bash"), arguments: ["-c", script],
      environment: ["C": BuiltProducts.url("caravan").path, "O": options.joined(separator: " ")],
      directory: URL(fileURLWithPath: folder))
  }

  private func checksums(_ run: String, _ step: String = "latest") throws -> [String: String] {
    try CaravanCommand.checksums(ofCheckpoint: "\(folder)/\(run)/checkpoints/\(step)")
  }

  private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder + "/" + name) }

  private func read(_ name: String) throws -> String {
    try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
  }

  @Test func aDataSetsFolderIsNoRuns() throws {
    let outcome = try CaravanCommand.run(["train"] + options + ["--out", dataset], ranks: 2)
    #expect(
      outcome.status == 1 && outcome.stderr.contains("choose a folder that is not a data set's"), "\(outcome.stderr)")
    #expect(!FileManager.default.fileExists(atPath: dataset + "/checkpoints"))
  }

  /// What tells the folders of other commands, and the words in which they are refused.
  @Test(arguments: [
    ("jobs.jsonl", "sweep's"), ("handoff.txt", "hand-off's"), ("config.yaml", "hand-off's"), ("blend.json", "blend's"),
  ]) func anotherCommandsFolderIsNoRuns(file: String, words: String) throws {
    let other = folder + "/other-" + file
    try FileManager.default.createDirectory(atPath: other + "/ES/checkpoints", withIntermediateDirectories: true)
    try "".write(toFile: other + "/" + file, atomically: true, encoding: .utf8)
    for arguments in [["train"] + options, ["synth", "--n-sessions", "90", "--items", "20"]] {
      let outcome = try CaravanCommand.run(arguments + ["--out", other])
      #expect(
        outcome.status == 1 && outcome.stderr.contains("choose a folder that is not a \(words)"), "\(outcome.stderr)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: other).sorted() == ["ES", file].sorted())
  }

  @Test func anOptionThatDoesNothingIsSaid() throws {
    let outcome = try train("idle", ["--momentum", "0.5", "--bpreg", "1.0", "--lr-decay", "0.5", "--max-steps", "1"])
    let said = outcome.stderr.split(separator: "\n").filter { $0.contains("changes nothing beside the other options") }
    #expect(outcome.status == 0 && said.count == 2, "\(outcome.stderr)")
    #expect(said.contains { $0.contains("--momentum") } && said.contains { $0.contains("--lr-decay") })
  }

  @Test func aNegativeNumberIsAValue() throws {
    let outcome = try train("negative", ["--lr", "-1"])
    #expect(outcome.status == 1 && outcome.stderr.contains("--lr is -1: choose a number above 0"), "\(outcome.stderr)")
  }

  // MARK: One job

  /// Every command that writes a run's folder refuses one in use, says who has it, and touches nothing. A job that is
  /// killed leaves no lock behind.
  @Test func aFolderInUseIsRefused() throws {
    #expect(try train("first", ["--epochs", "1"]).status == 0)
    let sweep =
      "command: train\noptions: {dataset: \(dataset), model: GRU4Rec, preset: recbole, epochs: 4000, stopping_step: 4000}\n"
    try (sweep + "grid: {batch_size: [30, 31]}\n")
      .write(toFile: folder + "/sweep.yaml", atomically: true, encoding: .utf8)
    let long = "--epochs 4000 --stopping-step 4000"
    let tune = "finetune --dataset \(dataset) --checkpoint first --batch-size 30 \(long) --out tuned"
    // A job, its first run in the folder, and who is refused there.
    let jobs = [
      (
        "train $O \(long) --out run", "run",
        ["train $O --lr 0.5 --out run", "train --dataset \(dataset) --model POP --out run"]
      ),
      (tune, "tuned/UK", [tune, "train $O --out tuned/UK"]),
      ("sweep sweep.yaml --out swept", "swept/jobs/batch_size=30", ["sweep sweep.yaml --out swept"]),
    ]
    for (job, run, others) in jobs {
      let outcome = try shell(
        """
        $C \(job) >/dev/null 2>&1 & job=$!
        until [ -e \(run)/checkpoints/latest ]; do sleep 0.02; done
        kill -STOP $job
        state() { cat \(run)/config.yaml \(run)/log.txt \(run)/metrics.jsonl | sha256sum; }
        before=$(state)
        \(others.map { "$C \($0); echo rc $?" }.joined(separator: "\n"))
        [ "$before" = "$(state)" ] && echo untouched
        kill -KILL $job; wait $job 2>/dev/null
        kill -0 $job 2>/dev/null || $C train --dataset nowhere --model POP --out \(run)
        """)
      let lines = outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan: ") }
      #expect(lines.count == others.count + 1, "\(outcome.stderr)")
      for line in lines.dropLast() {
        #expect(line.contains(" is in use by process ") && line.contains(" on host \(MPIRun.hostname) since 20"))
      }
      #expect(outcome.stdout == String(repeating: "rc 1\n", count: others.count) + "untouched\n", "\(job)")
    }
    #expect(try train("run", ["--epochs", "4000", "--stopping-step", "4000", "--max-steps", "5000"]).status == 0)
  }

  @Test func whereThereCanBeNoLockIsOneLine() throws {
    try FileManager.default.createDirectory(atPath: folder + "/run/.lock", withIntermediateDirectories: true)
    let outcome = try train("run", ["--epochs", "1"])
    #expect(outcome.status == 1)
    #expect(outcome.stderr == "caravan: cannot write \(folder)/run/.lock: Is a directory\n")
    #expect(!exists("run/log.txt") && !exists("run/config.yaml"))
  }

  /// A job whose folder is moved away must not make it anew, where another job may be by now.
  @Test func aFolderThatIsMovedEndsItsJob() throws {
    let sender =
      "( until [ -e \(folder)/run/checkpoints/latest ]; do sleep 0.01; done; mv \(folder)/run \(folder)/moved ) & "
    let outcome = try MPIRun.run(
      ranks: nil, executable: URL(fileURLWithPath: "/bin/sh"),
      arguments: ["-c", sender + "exec \"$0\" \"$@\"", try BuiltProducts.url("caravan").path, "train"]
        + ["--dataset", dataset, "--model", "GRU4Rec", "--batch-size", "20", "--checkpoint-every", "20"]
        + ["--epochs", "2000", "--stopping-step", "2000", "--out", folder + "/run"])
    #expect(
      outcome.status == 1 && outcome.stderr.contains("was moved or removed while"), "\(outcome.stderr.suffix(400))")
    #expect(!exists("run"))
  }

  /// What fails before anything is written leaves no folder.
  @Test func aRefusalLeavesNoFolder() throws {
    for options in [["--resume", "nowhere"], ["--max-length", "2"], ["--trace", folder + "/none/t.json"]] {
      #expect(try train("refused", options).status == 1)
      #expect(!exists("refused"), "\(options)")
    }
  }

  // MARK: Copies

  /// A copy with links followed is started anew, or gone on with from one of its own folders, like any run.
  @Test(arguments: [["--resume", "never"], ["--resume", "copy"], ["--resume", "copy/checkpoints/best"]])
  func aCopyWithLinksFollowedIsARun(resume: [String]) throws {
    #expect(try train("run", ["--epochs", "2"]).status == 0)
    #expect(try shell("cp -rL run copy").status == 0)
    let resume = resume.map { $0.hasPrefix("copy") ? folder + "/" + $0 : $0 }
    let outcome = try train("copy", ["--epochs", "3"] + resume)
    #expect(outcome.status == 0, "\(outcome.stderr)")
    #expect(try train("whole", ["--epochs", "3"]).status == 0)
    #expect(try checksums("copy", "latest") == checksums("whole", "latest"))
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/copy/checkpoints/latest").hasPrefix("step-"))
  }

  /// Which checkpoint is the best is known without links: a copy is evaluated, goes on, and keeps its best.
  @Test(arguments: [
    "cp -rL run copy",
    "cp -r run copy; rm copy/checkpoints/latest copy/checkpoints/best",
    "cp -r run copy; rm copy/checkpoints/best; cp -rL run/checkpoints/best copy/checkpoints/best; "
      + "rm -r copy/checkpoints/$(readlink run/checkpoints/best)",
    "cp -rL run copy; rm -r copy/checkpoints/step-*",
    "cp -r run copy; rm copy/checkpoints/latest; ln -s nowhere copy/checkpoints/latest",
    "cp -r run copy; mkdir copy/checkpoints/step-00000000 copy/checkpoints/step--0000005 "
      + "copy/checkpoints/step-9223372036854775808 copy/checkpoints/step-abc copy/checkpoints/step-5; "
      + "cp -r copy/checkpoints/latest/ copy/checkpoints/step-99999999",
  ])
  func aCopyIsAsGoodAsTheRun(_ copying: String) throws {
    // The best is not among the newest, nor the latest.
    let whole = ["--epochs", "12", "--stopping-step", "99", "--lr", "0.06"]
    let part = ["--max-steps", "480"] + whole
    #expect(try train("run", part).status == 0 && train("whole", whole).status == 0)
    let link = try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/run/checkpoints/best")
    #expect(link < "step-00000400", "the rate is too low for the test: \(link)")
    #expect(try shell(copying).status == 0)
    func evaluate(_ run: String) throws -> String {
      let outcome = try CaravanCommand.run([
        "evaluate", "--dataset", dataset, "--checkpoint", folder + "/" + run, "--split", "valid",
      ])
      #expect(outcome.status == 0, "\(outcome.stderr)")
      return outcome.stdout
    }
    #expect(try evaluate("copy") == evaluate("run") && evaluate("copy/checkpoints") == evaluate("run"))
    let resumed = try train("copy", whole)
    #expect(resumed.status == 0 && resumed.stderr.contains("going on after step 480"), "\(resumed.stderr)")
    for step in ["latest", "best"] { #expect(try checksums("copy", step) == checksums("whole", step)) }
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/copy/checkpoints/best") == link)
  }

  @Test func ofALostBestTheNewestIsTakenAndThatIsSaid() throws {
    #expect(try train("run", ["--epochs", "8", "--stopping-step", "99", "--lr", "0.06"]).status == 0)
    let checkpoints = folder + "/run/checkpoints/"
    let best = try FileManager.default.destinationOfSymbolicLink(atPath: checkpoints + "best")
    try FileManager.default.removeItem(atPath: checkpoints + best)
    let outcome = try CaravanCommand.run(
      ["evaluate", "--dataset", dataset, "--checkpoint", folder + "/run", "--split", "valid"])
    #expect(outcome.status == 0 && outcome.stderr.contains("lacks its best checkpoint"), "\(outcome.stderr)")
  }

  // MARK: What cannot be written

  /// Closed, full, or with a reader that has gone: training goes on, and its bytes are the same.
  @Test(arguments: ["2>&-", "2>/dev/full", ">&- 2>&- <&-", ">/dev/full", "2>&1 | head -1"])
  func streamsThatCannotBeWrittenEndNothing(_ redirection: String) throws {
    #expect(try train("plain", ["--epochs", "3"]).status == 0)
    let outcome = try shell("$C train $O --epochs 3 --out run \(redirection); echo done")
    #expect(outcome.stdout.hasSuffix("done\n"))
    for _ in 0..<200 where !exists("run/checkpoints/best") { usleep(50_000) }
    #expect(try checksums("run") == checksums("plain"))
    // Nothing that was printed went into a file that took the stream's place.
    #expect(try !read("run/config.yaml").contains("epoch 1"))
    #expect(try read("run/log.txt").split(separator: "\n").allSatisfy { $0.hasPrefix("20") })
  }

  /// A folder of the name in the place of `metrics.jsonl` cannot be replaced by a file, whoever runs the test.
  @Test func aJournalThatCannotBeWrittenEndsNothing() throws {
    #expect(try train("plain", ["--epochs", "40", "--stopping-step", "99"]).status == 0)
    let outcome = try shell(
      """
      $C train $O --epochs 40 --stopping-step 99 --out run 2>err & job=$!
      until [ -s run/metrics.jsonl ]; do sleep 0.01; done
      until rm -f run/metrics.jsonl; mkdir -p run/metrics.jsonl/x 2>/dev/null; do :; done
      wait $job; echo "rc $?"; grep -c "its figures are not recorded" err
      """)
    #expect(outcome.stdout.contains("\nrc 0\n1\n"), "\(outcome.stdout)")
    #expect(try checksums("run") == checksums("plain"))
  }

  @Test func shortPathsWork() throws {
    let outcome = try shell(
      """
      $C train $O --epochs 1 --out d --trace t >/dev/null && $C bench --items 300 --batch-size 16 --steps 1 --json j \
        >/dev/null && ls -d d/checkpoints/best/state.json t j
      for out in d/ ./d "$PWD/d"; do $C train $O --epochs 1 --out "$out" >/dev/null || echo "$out fails"; done
      mkdir e; cd e; $C train $O --epochs 1 --out . >/dev/null; ls -d checkpoints/best/state.json
      """)
    #expect(outcome.stdout == "d/checkpoints/best/state.json\nj\nt\ncheckpoints/best/state.json\n", "\(outcome.stderr)")
  }
}
