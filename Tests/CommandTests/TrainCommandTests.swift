import Foundation
import Tensors
import TestSupport
import Testing

/// `caravan train` on several ranks, stopped, killed and resumed: the same bytes every time.
@Suite(.serialized) final class TrainCommandTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 3000, items: 700)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// 90 steps an epoch; dropout on, so that random numbers matter too.
  private func train(
    _ run: String, ranks: Int?, _ more: [String], environment: [String: String] = [:]
  ) throws -> MPIRun.Outcome {
    let plan = [
      "--dataset", dataset, "--model", "GRU4Rec", "--batch-size", "30", "--dropout", "0.3", "--lr", "0.01",
      "--embedding-size", "20", "--hidden-size", "24", "--num_layers", "2", "--out", folder + "/" + run,
    ]
    return try CaravanCommand.run(["train"] + plan + more, ranks: ranks, environment: environment)
  }

  private func checksums(_ run: String, step: String = "latest") throws -> [String: String] {
    try CaravanCommand.checksums(ofCheckpoint: "\(folder)/\(run)/checkpoints/\(step)")
  }

  private func metrics(_ run: String) throws -> [[String: Any]] {
    try CaravanCommand.epochs(ofRun: "\(folder)/\(run)")
      .map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:] }
  }

  @Test func theSameBytesOnAnyNumberOfRanks() throws {
    // The last batch of an epoch is smaller and the second epoch has another order.
    for ranks in [nil, 1, 2, 3, 4, 7] {
      let run = "ranks-\(ranks ?? 0)"
      let outcome = try train(run, ranks: ranks, ["--max-steps", "100"])
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(try checksums(run) == checksums("ranks-0"), "\(ranks ?? 0) ranks")
    }
  }

  /// Threads of a rank share its lanes and the catalogue's stripes.
  @Test func theSameBytesOnAnyNumberOfThreads() throws {
    #expect(try train("alone", ranks: nil, ["--max-steps", "20"]).status == 0)
    for (ranks, threads) in [(1, 2), (2, 2), (3, 5)] {
      let run = "threads-\(ranks)-\(threads)"
      let outcome = try train(run, ranks: ranks, ["--max-steps", "20", "--threads-per-rank", "\(threads)"])
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(try checksums(run) == checksums("alone"), "\(ranks) ranks of \(threads) threads")
    }
  }

  /// Where the CPU has the instructions; elsewhere one line says that it has not.
  @Test func bfloat16HasTheSameBytesOnAnyNumberOfRanks() throws {
    let options = ["--max-steps", "20", "--precision", "bf16"]
    for ranks in [1, 2, 3] {
      let outcome = try train("bf16-\(ranks)", ranks: ranks, options)
      guard Precision.bfloat16.isSupported else {
        #expect(outcome.status == 1 && outcome.stderr.contains("--precision bf16 needs a CPU with AVX512_BF16"))
        return
      }
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(try checksums("bf16-\(ranks)") == checksums("bf16-1"), "\(ranks) ranks")
    }
    #expect(try train("f32", ranks: 1, ["--max-steps", "20"]).status == 0)
    #expect(try checksums("bf16-1")["model.safetensors"] != checksums("f32")["model.safetensors"])
    let other = try train("bf16-1", ranks: 1, ["--max-steps", "30"])
    #expect(other.status == 1)
    #expect(other.stderr.contains("was trained with --precision bf16, now it is f32"))
  }

  /// Every prefix a target, in one pass over the session and as sessions of their own; dropout where there is any.
  @Test(arguments: [["--model", "NARM", "--hidden-size", "24"], ["--model", "STAMP"]])
  func theSameBytesWithEveryPrefixATarget(_ model: [String]) throws {
    for ranks in 1...4 {
      let run = "prefixes-\(model[1])-\(ranks)"
      let outcome = try CaravanCommand.run(
        ["train", "--dataset", dataset, "--targets", "all", "--batch-size", "30", "--lr", "0.01"]
          + ["--embedding-size", "20", "--max-steps", "25", "--out", folder + "/" + run] + model,
        ranks: ranks)
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(try checksums(run) == checksums("prefixes-\(model[1])-1"), "\(ranks) ranks")
    }
  }

  /// Prefixes as rows are what sessions are that somebody wrote out prefix by prefix: the same weights, bit for bit, on
  /// any number of ranks, and after a stop.
  @Test(arguments: ["GRU4Rec", "SRGNN"]) func prefixesAreSessionsOfTheirOwn(model: String) throws {
    var whole = ["id,prev_items,next_item"], prefixes = whole
    for session in 0..<150 {
      let items = (0..<2 + session % 5).map { "p\((session * 7 + $0 * 3) % 40)" }
      func row(_ length: Int) -> String { "\(session),\(items[..<length].joined(separator: " ")),\(items[length])" }
      whole.append(row(items.count - 1))
      prefixes += (1..<items.count).map(row)
    }
    for (name, rows) in [("whole", whole), ("written", prefixes)] {
      let path = folder + "/\(name).csv"
      try rows.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
      let prepared = try CaravanCommand.run(
        ["prepare", "--sessions", path, "--valid-fraction", "0", "--out", folder + "/\(name)-\(model)"])
      #expect(prepared.status == 0, "\(prepared.stderr)")
    }
    func weights(_ run: String, _ data: String, _ targets: String, ranks: Int, steps: [String]) throws -> String? {
      for step in steps {
        let outcome = try CaravanCommand.run(
          [
            "train", "--dataset", folder + "/\(data)-\(model)", "--model", model, "--targets", targets, "--epochs", "3",
            "--batch-size", "32", "--lr", "0.01", "--embedding-size", "16", "--max-steps", step, "--out",
            folder + "/\(run)-\(model)",
          ], ranks: ranks)
        #expect(outcome.status == 0, "\(outcome.stderr)")
      }
      return try checksums("\(run)-\(model)")["model.safetensors"]
    }
    let written = try weights("w", "written", "last", ranks: 1, steps: ["40"])
    #expect(written != nil)
    #expect(try weights("p1", "whole", "prefixes", ranks: 1, steps: ["40"]) == written)
    #expect(try weights("p3", "whole", "prefixes", ranks: 3, steps: ["13", "40"]) == written)
  }

  /// Sparse updates, momentum, a rate that changes, a norm over rows that several ranks own: stopped, too.
  @Test(arguments: ["bpr-max", "ce-sampled"])
  func sampledLossesHaveTheSameBytesOnAnyNumberOfRanks(loss: String) throws {
    let options = [
      "--loss", loss, "--n-sample", "100", "--optimizer", "adagrad", "--momentum", "0.3", "--clip-norm", "0.05",
      "--lr-schedule", "cosine", "--warmup-steps", "10", "--targets", "all", "--max-steps",
    ]
    for ranks in [1, 2, 3] {
      let outcome = try train("\(loss)-\(ranks)", ranks: ranks, options + ["40"])
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(try checksums("\(loss)-\(ranks)") == checksums("\(loss)-1"), "\(ranks) ranks")
    }
    #expect(try train("\(loss)-parts", ranks: 3, options + ["23"]).status == 0)
    #expect(try train("\(loss)-parts", ranks: 2, options + ["40"]).status == 0)
    #expect(try checksums("\(loss)-parts") == checksums("\(loss)-1"))
  }

  @Test func epochsBetweenEvaluationsAreNotJudged() throws {
    #expect(try train("every-other", ranks: 2, ["--epochs", "5", "--eval-step", "2"]).status == 0)
    let lines = try CaravanCommand.epochs(ofRun: folder + "/every-other")
    #expect(lines.map { $0.contains("\"valid\"") } == [false, true, false, true, false])
    let state = try String(
      contentsOfFile: folder + "/every-other/checkpoints/latest/state.json", encoding: .utf8)
    let best = try #require(state.firstMatch(of: /"best_step" : (\d+)/)?.1)
    let steps = try lines.map { try #require($0.firstMatch(of: /"step":(\d+)/)?.1) }
    #expect(best == steps[1] || best == steps[3], "\(best) of \(steps)")
  }

  /// Adam on all rows moves those that a step did not touch, alike on any number of ranks.
  @Test func rowsWithoutAGradientAreMovedToo() throws {
    let options = ["--loss", "ce-sampled", "--n-sample", "20", "--max-steps", "20", "--updated-rows"]
    #expect(try train("touched", ranks: 1, options + ["touched"]).status == 0)
    for ranks in [1, 2, 3] {
      #expect(try train("all-\(ranks)", ranks: ranks, options + ["all"]).status == 0)
      #expect(try checksums("all-\(ranks)") == checksums("all-1"), "\(ranks) ranks")
    }
    let name = "model.safetensors"
    #expect(try checksums("all-1")[name] != checksums("touched")[name])
  }

  /// Clipping changes the weights, and does so alike on any number of ranks over the whole catalogue.
  @Test func clippingHasTheSameBytesOnAnyNumberOfRanks() throws {
    #expect(try train("free", ranks: 1, ["--max-steps", "20"]).status == 0)
    for ranks in [1, 2, 3] {
      #expect(try train("clipped-\(ranks)", ranks: ranks, ["--max-steps", "20", "--clip-norm", "0.02"]).status == 0)
      #expect(try checksums("clipped-\(ranks)") == checksums("clipped-1"), "\(ranks) ranks")
    }
    let name = "model.safetensors"
    #expect(try checksums("clipped-1")[name] != checksums("free")[name])
  }

  @Test func stoppingAndResumingLeavesNoTrace() throws {
    #expect(try train("whole", ranks: 2, ["--epochs", "2"]).status == 0)
    #expect(try train("parts", ranks: 3, ["--epochs", "2", "--max-steps", "17"]).status == 0)
    #expect(FileManager.default.fileExists(atPath: folder + "/parts/checkpoints/step-00000017/model.safetensors"))
    #expect(try train("parts", ranks: 1, ["--epochs", "2", "--max-steps", "101"]).status == 0)
    #expect(try train("parts", ranks: 4, ["--epochs", "2"]).status == 0)
    #expect(try checksums("parts") == checksums("whole"))

    let whole = try metrics("whole"), parts = try metrics("parts")
    #expect(whole.map { $0["epoch"] as? Int } == [1, 2])
    for (one, other) in zip(whole, parts) {
      for key in ["epoch", "step", "loss", "valid"] {
        let value = try #require(one[key] as? NSObject, "\(key)")
        #expect(value == other[key] as? NSObject)
      }
      #expect((one["seconds"] as? Double ?? 0) > 0 && (one["sessions_per_second"] as? Double ?? 0) > 0)
    }
    // Started once more, there is nothing left to do and nothing changes; but links that a killed process did not get
    // to are put right.
    let checkpoints = folder + "/parts/checkpoints/"
    func link(_ name: String) throws -> String {
      try FileManager.default.destinationOfSymbolicLink(atPath: checkpoints + name)
    }
    let best = try link("best")
    for name in ["latest", "best"] {
      try FileManager.default.removeItem(atPath: checkpoints + name)
      try FileManager.default.createSymbolicLink(atPath: checkpoints + name, withDestinationPath: "step-00000101")
    }
    #expect(try train("parts", ranks: 2, ["--epochs", "2"]).status == 0)
    #expect(try checksums("parts") == checksums("whole"))
    if best == "step-00000180" { #expect(try link("best") == best) }
    #expect(try metrics("parts").count == 2)
  }

  @Test func aKilledRunGoesOnFromItsLastCheckpoint() throws {
    // The ranks die by SIGKILL at some step after the first checkpoint.
    let killer =
      "( while [ ! -e \(folder)/killed/checkpoints/latest ]; do sleep 0.02; done; "
      + "pkill -KILL -f 'caravan train.*\(folder)/killed' ) & exec \"$0\" \"$@\""
    let arguments = [
      "-c", killer, try BuiltProducts.url("caravan").path, "train", "--dataset", dataset, "--model", "GRU4Rec",
      "--batch-size", "30", "--dropout", "0.3", "--lr", "0.01", "--embedding-size", "20", "--hidden-size", "24",
      "--num-layers", "2", "--checkpoint-every", "10", "--epochs", "400", "--out", folder + "/killed",
    ]
    let killed = try MPIRun.run(ranks: 2, executable: URL(fileURLWithPath: "/bin/sh"), arguments: arguments)
    #expect(killed.status != 0 && !killed.timedOut)
    let checkpoints = folder + "/killed/checkpoints"
    let steps = try FileManager.default.contentsOfDirectory(atPath: checkpoints)
      .filter { $0.hasPrefix("step-") }.compactMap { Int($0.dropFirst(5)) }
    let newest = try #require(steps.max())

    // What a kill in the middle of writing leaves behind: a damaged newest checkpoint and a half-written one.
    let damaged = checkpoints + "/" + name(ofStep: newest + 1)
    try FileManager.default.copyItem(atPath: checkpoints + "/" + name(ofStep: newest), toPath: damaged)
    let weights = try #require(FileHandle(forUpdatingAtPath: damaged + "/model.safetensors"))
    try weights.seek(toOffset: 5000)
    try weights.write(contentsOf: Data([0xff]))
    try weights.close()
    try FileManager.default.createDirectory(
      atPath: checkpoints + "/.step-99999999.tmp-x", withIntermediateDirectories: true)

    let end = ["--max-steps", "\(newest + 35)"]
    let resumed = try train("killed", ranks: 3, end + ["--epochs", "400"])
    #expect(resumed.status == 0, "\(resumed.stderr)")
    #expect(resumed.stderr.contains("\(damaged) is damaged"))
    #expect(resumed.stderr.contains("going on after step \(newest)"))
    #expect(try train("unbroken", ranks: 2, end + ["--epochs", "400"]).status == 0)
    #expect(try checksums("killed") == checksums("unbroken"))
    let left = try FileManager.default.contentsOfDirectory(atPath: checkpoints)
    #expect(!left.contains { $0.hasPrefix(".") }, "\(left)")
  }

  private func name(ofStep step: Int) -> String { String(format: "step-%08d", step) }

  @Test func aSignalMeansCheckpointAndStop() throws {
    let signaller =
      "( while [ ! -e \(folder)/asked/checkpoints/latest ]; do sleep 0.02; done; "
      + "kill -USR1 $$ ) & exec \"$0\" \"$@\""
    let arguments = [
      "-c", signaller, try BuiltProducts.url("caravan").path, "train", "--dataset", dataset, "--model", "GRU4Rec",
      "--batch-size", "30", "--checkpoint-every", "20", "--epochs", "400", "--out", folder + "/asked",
    ]
    let asked = try MPIRun.run(ranks: 2, executable: URL(fileURLWithPath: "/bin/sh"), arguments: arguments)
    #expect(asked.status == 75, "\(asked.stderr)")
    #expect(asked.stderr.contains("stopped by SIGUSR1 after step"))
  }

  @Test func oneRankThatFailsEndsTheJobWithOneMessage() throws {
    let misled =
      "d=\(dataset); [ \"$OMPI_COMM_WORLD_RANK\" = 1 ] && d=\(folder)/nowhere; "
      + "exec \(try BuiltProducts.url("caravan").path) train --dataset $d --model GRU4Rec --out \(folder)/misled"
    let outcome = try MPIRun.run(
      ranks: 3, executable: URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", misled], timeout: 60)
    #expect(!outcome.timedOut)
    #expect(outcome.status != 0)
    let lines = outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan:") }
    #expect(lines.count == 1, "\(outcome.stderr)")
    #expect(lines.first?.contains("rank 1 on host") ?? false && lines.first?.contains("nowhere") ?? false)
  }

  @Test func anErrorInAStepEndsTheJobWithOneMessage() throws {
    let outcome = try train("diverged", ranks: 3, ["--lr", "1e30"])
    #expect(outcome.status != 0 && !outcome.timedOut)
    let lines = outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan:") }
    #expect(lines.count == 1 && lines[0].contains("training diverged, lower --lr"), "\(outcome.stderr)")
  }

  @Test func aPlanThatDoesNotFitIsRefused() throws {
    #expect(try train("first", ranks: nil, ["--max-steps", "3"]).status == 0)
    let cases: [([String], String)] = [
      (["--batch-size", "31"], "was trained with --batch-size 30, now it is 31"),
      (["--lanes", "6"], "--lanes is 6: choose a power of two from 1 to 4096"),
      (["--epochs", "0"], "--epochs is 0: choose a whole number from 1 to "),
      (["--dropout", "1"], "--dropout is 1: choose a number from 0 up to, not including, 1"),
      (["--model", "GRU5Rec"], "--model is GRU5Rec: did you mean GRU4Rec? Choose one of GRU4Rec, NARM"),
      (["--resume", folder], "is neither a run nor a checkpoint"),
      (["--valid-metric", "AUC@10"], "AUC@10"),
      (["--valid-metric", "Recall@10"], "was trained with --valid-metric MRR@100, now it is Recall@10"),
      (["--max-steps", "2"], "has 3 steps, but --epochs and --max-steps end the run after 2"),
      (["--locales", "ES,XX"], "XX"),
    ]
    let configuration = try String(contentsOfFile: folder + "/first/config.yaml", encoding: .utf8)
    for (arguments, sentence) in cases {
      let outcome = try train("first", ranks: nil, arguments)
      #expect(outcome.status == 1, "\(arguments)")
      #expect(outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan:") }.count == 1)
      #expect(outcome.stderr.contains(sentence), "\(arguments): \(outcome.stderr)")
      #expect(try String(contentsOfFile: folder + "/first/config.yaml", encoding: .utf8) == configuration)
    }
    let crowded = try train("crowded", ranks: 3, ["--lanes", "2"])
    #expect(crowded.status != 0)
    #expect(crowded.stderr.contains("3 ranks are more than the 2 lanes of a batch"))
  }

  @Test func optionsMayStandInAFile() throws {
    let config = folder + "/plan.yaml"
    try "model: GRU4Rec\nbatch_size: 30\ndropout: 0.3\nlr: 0.5\nembedding_size: 20\nhidden_size: 24\nnum_layers: 2\n"
      .write(toFile: config, atomically: true, encoding: .utf8)
    let outcome = try CaravanCommand.run([
      "train", "--config", config, "--dataset", dataset, "--lr", "0.01", "--max-steps", "5", "--out",
      folder + "/by-file",
    ])
    #expect(outcome.status == 0, "\(outcome.stderr)")
    #expect(try train("by-flags", ranks: nil, ["--max-steps", "5"]).status == 0)
    #expect(try checksums("by-file") == checksums("by-flags"))

    try "model: GRU4Rec\nlearning_rats: 0.5\n".write(toFile: config, atomically: true, encoding: .utf8)
    let stray = try CaravanCommand.run([
      "train", "--config", config, "--dataset", dataset, "--out", folder + "/stray",
    ])
    #expect(stray.status == 1)
    #expect(stray.stderr.contains("GRU4Rec has no option learning_rats in \(config): did you mean learning_rate?"))
    #expect(!FileManager.default.fileExists(atPath: folder + "/stray"))
  }

  @Test func whatARunSaysCanBeReadByPrograms() throws {
    let told = try train("told", ranks: 2, ["--max-steps", "100", "--log-every", "40", "--log-format", "json"])
    #expect(told.status == 0)
    let said = try told.stderr.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(said.allSatisfy { $0["message"] is String && $0["level"] as? String == "info" })
    #expect(said.contains { $0["step"] as? Double == 100 && $0["steps"] as? Double == 100 })
    let log = try String(contentsOfFile: folder + "/told/log.txt", encoding: .utf8).split(separator: "\n")
    // The log alone has the command and, last, what goes to standard output.
    #expect(log.count { $0.contains("\"message\":\"command: caravan train ") } == 1)
    let both = log.dropLast().filter { !$0.contains("\"message\":\"command: ") }
    #expect(both.map { String($0) } == told.stderr.split(separator: "\n").map { String($0) })
    #expect(log.last?.contains(told.stdout.dropLast()) ?? false)

    let quiet = try train("quiet", ranks: 2, ["--max-steps", "100", "--log-every", "40", "--quiet"])
    #expect(quiet.status == 0 && quiet.stderr == "")
    #expect(try String(contentsOfFile: folder + "/quiet/log.txt", encoding: .utf8).contains("step 100/100"))
    let records = try String(contentsOfFile: folder + "/quiet/metrics.jsonl", encoding: .utf8).split(separator: "\n")
      .map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
      .filter { $0["epoch"] == nil }
    #expect(records.map { $0["step"] as? Int } == [40, 80])
    #expect(records.allSatisfy { Set($0.keys) == ["step", "loss", "lr", "sessions_per_second", "waiting"] })
  }
}
