import Foundation
import TestSupport
import Testing

/// Ranks of one job that were not told the same: the job ends at once, with one line.
@Suite(.serialized) final class RankAgreementTests {
  private let folder: String
  private let dataset: String
  private let caravan: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 600, items: 90)
    caravan = try BuiltProducts.url("caravan").path
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// A job of one command line on rank 0 and another on rank 1.
  private func job(_ first: [String], _ second: [String], environment: [String] = []) throws -> MPIRun.Outcome {
    let launched = environment.isEmpty ? [caravan] : ["env"] + environment + [caravan]
    return try MPIRun.run(
      ranks: 1, executable: URL(fileURLWithPath: caravan), arguments: first + [":", "-n", "1"] + launched + second,
      timeout: 30)
  }

  private func train(_ options: [String]) -> [String] {
    ["train", "--dataset", dataset, "--model", "GRU4Rec", "--batch-size", "60", "--max-steps", "4"] + options
  }

  private func expectOneLine(_ outcome: MPIRun.Outcome, _ parts: [String], _ what: String) {
    #expect(outcome.status == 1 && !outcome.timedOut, "\(what): \(outcome.status)")
    let lines = outcome.stderr.split(separator: "\n").filter { $0.contains("caravan:") }
    #expect(lines.count == 1, "\(what): \(outcome.stderr)")
    for part in parts { #expect(lines.first?.contains(part) ?? false, "\(what): \(outcome.stderr)") }
  }

  @Test func commandLinesThatDifferEndTheJob() throws {
    let run = ["--out", folder + "/run"]
    let own = train(run)
    let others: [([String], [String], [String])] = [
      (train(run + ["--lr", "0.1"]), train(run + ["--lr", "0.2"]), ["--lr is 0.2 on rank 1", "0.1 on rank 0"]),
      (own, train(run + ["--epochs", "3"]), ["--epochs is 3 on rank 1", "not given on rank 0"]),
      (train(run + ["--epochs", "3"]), own, ["--epochs is not given on rank 1", "3 on rank 0"]),
      (own, train(["--out", folder + "/other"]), ["--out is"]),
      (own, train(run + ["--bogus"]), ["--bogus is given on rank 1"]),
      (
        own, ["evaluate", "--dataset", dataset, "--checkpoint", folder + "/run"], ["the command is evaluate on rank 1"]
      ),
      (own, ["--help"], ["rank 1"]),
      (["prepare", "--sessions", "x.csv", "--out", folder + "/p"], own, ["the command is train on rank 1"]),
      (["bench", "--items", "50"], ["bench", "--items", "60"], ["--items is 60 on rank 1"]),
      (
        ["sweep", "a.yaml", "--out", folder + "/s"], ["sweep", "b.yaml", "--out", folder + "/s"],
        ["the command is sweep b.yaml on rank 1"]
      ),
    ]
    for (first, second, parts) in others {
      expectOneLine(try job(first, second), parts + ["(\(MPIRun.hostname))"], "\(second)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
    }
  }

  /// What is given several times counts in its order.
  @Test func theOrderOfRepeatedOptionsCounts() throws {
    let own = train(["--out", folder + "/twice"])
    expectOneLine(
      try job(own + ["--seed", "1", "--seed", "2"], own + ["--seed", "2", "--seed", "1"]),
      ["--seed is 2, then 1 on rank 1", "1, then 2 on rank 0"], "order")
  }

  /// Ranks read the sessions that rank 0 has, whatever lies under that name where they were started.
  @Test func rankZerosSessionsAreEverybodys() throws {
    #expect(try CaravanCommand.run(train(["--out", folder + "/model"])).status == 0)
    let elsewhere = folder + "/elsewhere"
    for (place, items) in [(folder, "['a' 'b']"), (elsewhere, "['c']")] {
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      let rows = String(repeating: "\(items),UK\n", count: 700)
      try Data(("prev_items,locale\n" + rows).utf8).write(to: URL(fileURLWithPath: place + "/asked.csv"))
    }
    func predict(_ out: String) -> [String] {
      ["predict", "--dataset", dataset, "--checkpoint", folder + "/model", "--sessions", "asked.csv", "--top", "5"]
        + ["--candidates", "all", "--out", folder + "/" + out]
    }
    let launched = ["-n", "1", "env", "-C", elsewhere, caravan] + predict("two.csv")
    let two = try MPIRun.run(
      ranks: 1, executable: URL(fileURLWithPath: caravan), arguments: predict("two.csv") + [":"] + launched,
      directory: URL(fileURLWithPath: folder), timeout: 30)
    #expect(two.status == 0, "\(two.stderr)")
    let one = try MPIRun.run(
      ranks: nil, executable: URL(fileURLWithPath: caravan), arguments: predict("one.csv"),
      directory: URL(fileURLWithPath: folder))
    #expect(one.status == 0, "\(one.stderr)")
    #expect(
      try String(contentsOfFile: folder + "/one.csv", encoding: .utf8)
        == String(contentsOfFile: folder + "/two.csv", encoding: .utf8))
  }

  @Test func onlyTheSpellingMayDiffer() throws {
    let outcome = try job(
      train(["--out", folder + "/spelled", "--lr=0.05"]),
      train(["--learning_rate", "0.05", "--out=" + folder + "/spelled"]))
    #expect(outcome.status == 0, "\(outcome.stderr)")
  }

  /// A third result, that no machine alone gives, unless it is asked for.
  @Test func instructionSetsThatDifferEndTheJob() throws {
    let avx2 = ["DNNL_MAX_CPU_ISA=AVX2"]
    let own = train(["--out", folder + "/mixed"])
    expectOneLine(
      try job(own, own, environment: avx2), ["the instruction set is avx2 on rank 1", "--isa"], "instruction sets")
    #expect(!FileManager.default.fileExists(atPath: folder + "/mixed"))
    let pinned = train(["--out", folder + "/pinned", "--isa", "avx2"])
    #expect(try job(pinned, pinned, environment: avx2).status == 0)
    let allowed = train(["--out", folder + "/allowed", "--allow-mixed-isa"])
    #expect(try job(allowed, allowed, environment: avx2).status == 0)
  }

  /// A run goes on with what computed it.
  @Test func aCheckpointOfAnotherInstructionSetIsRefused() throws {
    func train(_ steps: String, _ more: [String]) throws -> MPIRun.Outcome {
      try CaravanCommand.run(self.train(["--out", folder + "/moved", "--max-steps", steps] + more))
    }
    #expect(try train("2", ["--isa", "avx2"]).status == 0)
    let refused = try train("4", ["--isa", "avx512"])
    if refused.stderr.contains("more than this CPU has") { return }
    #expect(refused.status == 1)
    #expect(refused.stderr.contains("with the instruction set avx2, here it is avx512_core: pin --isa avx2"))
    #expect(try train("4", ["--isa", "avx512", "--allow-mixed-isa"]).status == 0)
  }

  /// Rank 0 reads the file: what `config.yaml` says is what every rank trained with.
  @Test func rankZerosFileIsEverybodys() throws {
    let config = folder + "/plan.yaml"
    try Data("model: GRU4Rec\nlearning_rate: '0.05'\nlocales: [ES, FR]\ngpu_id: 0\n".utf8)
      .write(to: URL(fileURLWithPath: config))
    func train(_ run: String, _ ranks: Int) throws -> MPIRun.Outcome {
      try CaravanCommand.run(
        ["train", "--config", config, "--dataset", dataset, "--batch-size", "40", "--max-steps", "5"]
          + ["--out", folder + "/" + run], ranks: ranks)
    }
    let outcome = try train("three", 3)
    #expect(outcome.status == 0, "\(outcome.stderr)")
    let notice = "gpu_id in \(config) has no effect: Caravan computes on CPUs"
    #expect(outcome.stderr.components(separatedBy: notice).count == 2, "\(outcome.stderr)")
    let written = try String(contentsOfFile: folder + "/three/config.yaml", encoding: .utf8)
    #expect(
      written.hasPrefix("# caravan ") && written.contains("\nlr: 0.05\n") && written.contains("\nlocales: ES,FR\n"))
    #expect(try train("one", 1).status == 0)
    let latest = "/checkpoints/latest"
    #expect(
      try CaravanCommand.checksums(ofCheckpoint: folder + "/three" + latest)
        == CaravanCommand.checksums(ofCheckpoint: folder + "/one" + latest))
  }

  @Test func usageAndHelpArePrintedOnce() throws {
    let wrong = try CaravanCommand.run(train(["--out", folder + "/w", "--batchsize", "3"]), ranks: 3)
    #expect(wrong.status == 64)
    #expect(wrong.stderr == "caravan: caravan train has no option --batchsize: did you mean --batch-size?\n")
    let help = try CaravanCommand.run(["train", "--help"], ranks: 3)
    #expect(help.status == 0 && help.stdout.components(separatedBy: "USAGE:").count == 2)
    let version = try CaravanCommand.run(["--version"], ranks: 2)
    #expect(version.status == 0 && version.stdout.components(separatedBy: "oneDNN").count == 2)
  }

  /// A mistake that rank 0 alone can find ends the others with its exit code, and not as a lost rank.
  @Test func whatStartsRanksIsRefusedAmongRanks() throws {
    for command in ["doctor", "certify", "run"] {
      let arguments =
        [command] + (command == "certify" ? ["--dataset", "d", "--config", "c"] : command == "run" ? ["train"] : [])
      let outcome = try CaravanCommand.run(arguments, ranks: 2)
      #expect(outcome.status == 64 && outcome.stderr.hasPrefix("caravan: caravan \(command) starts mpirun by itself"))
      #expect(outcome.stderr.split(separator: "\n").count == 1, "\(outcome.stderr)")
    }
  }

  @Test func whatNeedsOneProcessRunsOnce() throws {
    let prepared = try CaravanCommand.run(
      ["prepare", "--sessions", folder + "/sessions/sessions_train.csv", "--out", folder + "/again"], ranks: 3)
    #expect(prepared.status == 0, "\(prepared.stderr)")
    #expect(prepared.stdout.components(separatedBy: "prepared in").count == 2)
    let refused = try CaravanCommand.run(["inspect", folder + "/nowhere"], ranks: 2)
    expectOneLine(refused, ["nowhere"], "inspect")
  }

  /// `srun` without PMIx starts processes that do not see one another: they would all write one folder.
  @Test func processesThatCannotSeeOneAnotherAreTold() throws {
    let outcome = try CaravanCommand.run(
      train(["--out", folder + "/alone"]), environment: ["SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"])
    expectOneLine(outcome, ["one of 2 processes that srun started", "srun --mpi=pmix"], "srun")
    #expect(!FileManager.default.fileExists(atPath: folder + "/alone"))
  }

  @Test(arguments: [
    (["trian"], "there is no command trian: did you mean train?"),
    (["train", "--out", "x", "--learnig-rate", "1"], "has no option --learnig-rate: did you mean --learning-rate?"),
    (["bench", "--xyz", "1"], "caravan bench has no option --xyz: caravan help bench lists"),
    (["train", "--model", "GRU4Rce", "--dataset", "d", "--out", "x"], "--model is GRU4Rce: did you mean GRU4Rec?"),
    (["train", "--model", "NARM", "--out", "x"], "--dataset is missing: give the folder of a prepared data set"),
    (["train", "--dataset", "d", "--out", "x"], "--model is missing: give one of GRU4Rec"),
    (["train", "--config", "nowhere.yaml", "--out", "x"], "nowhere.yaml is no plan for training: no such file"),
    (["bench", "--batch-size", "9223372036854775807"], "choose a whole number from 1 to 16777216"),
    (["bench", "--batch-size", "16777216", "--steps", "1000000"], "more than 67108864 sessions"),
    (["bench", "--embedding-size", "2147483648"], "--embedding-size is 2147483648: choose"),
    (["train", "--datase", "d"], "caravan train has no option --datase: did you mean --dataset?"),
    (["help", "trian"], "there is no command trian: did you mean train?"),
    (["--verison"], "caravan has no option --verison: did you mean --version?"),
    (["train", "--dataset", "d", "--model", "NARM", "--out", ""], "--out is empty"),
    (["train", "--dataset", "d", "--model", "NARM", "--locales=", "--out", "x"], "--locales is empty"),
    (["train", "--dataset", "d", "--model", "NARM", "--locales", "ES 'X", "--out", "x"], "--locales is ES 'X: choose"),
    (["bench", "--num-layers", "1000000"], "--num-layers is 1000000: choose a whole number from 1 to 256"),
    (["synth", "--out", "x", "--items", "9", "--n-sessions", "many"], "--n-sessions is many: give a number"),
    (["evaluate", "--split", "dev"], "--split is dev: choose train, valid or test"),
    (["evaluate", "--k", "10"], "caravan evaluate has no option --k: did you mean --top?"),
    (["train", "NARM"], "NARM stands alone: did you mean --model NARM?"),
    (
      ["prepare", "--out", "x", "--sessions", "a.csv", "b.csv"], "b.csv stands alone: give --sessions before each file"
    ),
    (["run", "train", "--out", "x", "-n", "2"], "-n stands before the command"),
    (["run", "-n", "2", "doctor"], "caravan doctor starts ranks by itself: start it without caravan run"),
    (["train", "--checkpoint", "x"], "--resume goes on from one, and caravan finetune adapts one"),
    (["train", "--max_epochs", "3"], "did you mean --epochs?"),
    (["blend", "--power", "3"], "--power is 3: choose 1.0, 0.5, 0.25 or 0.125"),
    (["prepare", "--test-days", "1d"], "--test-days is 1d: give a number, such as 1 or 0.5"),
    (["evaluate", "--dataset", "nope", "--checkpoint", "x"], "nope"),
    (["train", "--hidden", "9"], "did you mean --hidden-act, --hidden-dropout or --hidden-size?"),
    (["bench", "--model", "COUNTS"], "--model is COUNTS: choose one of GRU4Rec, NARM, STAMP, SRGNN, CORE or SASRec"),
  ])
  func mistakesAreOneLine(arguments: [String], sentence: String) throws {
    let outcome = try CaravanCommand.run(arguments)
    #expect(outcome.status == 1 || outcome.status == 64, "\(outcome.status)")
    #expect(outcome.stderr.contains(sentence) && outcome.stderr.split(separator: "\n").count == 1, "\(outcome.stderr)")
  }
}
