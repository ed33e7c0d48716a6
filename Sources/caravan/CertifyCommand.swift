import ArgumentParser
import Campaigns
import Foundation
import Launching
import MPI
import OptionTables
import Provenance
import Runs
import Sessions
import Storage
import Text

struct CertifyCommand: LaunchingCommand {
  static let configuration = CommandConfiguration(
    commandName: "certify",
    abstract: "Trains the same steps in many ways and compares the bytes: a certificate of reproducibility.",
    discussion: """
      Again (repeat), on other numbers of ranks and threads, with the item table in both layouts, stopped at a random step \
      and gone on with on other ranks (restart), and over all hosts of a host file. Prints a table and as its last line \
      one word: same or different; the exit code is 1 where a run came to other bytes.

      caravan certify --dataset data --config runs/narm/config.yaml --out certificate.json
      caravan certify --dataset data --verify certificate.json
      """)

  @Option(help: ArgumentHelp("The prepared data set.", valueName: "folder"))
  var dataset: String

  @Option(help: ArgumentHelp("A YAML file of options of train, such as a run's config.yaml.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("Compare with this certificate's bytes, by its own options.", valueName: "file"))
  var verify: String?

  @Option(help: ArgumentHelp("Numbers of ranks; the first is the reference's.", valueName: "list"))
  var ranks = "1,2,3,4"

  @Option(help: ArgumentHelp("Threads of a rank.", valueName: "list"))
  var threads = "1,2"

  @Option(help: ArgumentHelp("As --item-table of train: layouts to compare.", valueName: "list"))
  var layouts = "replicated,sharded"

  @Option(help: ArgumentHelp("Steps that are trained. (default: 30, or the certificate's)", valueName: "number"))
  var steps: Int?

  @Option(help: ArgumentHelp("A file of hosts, for one more run over all of them.", valueName: "file"))
  var hostfile: String?

  @Option(help: ArgumentHelp("The network that joins the hosts.", valueName: "name|subnet"))
  var interface: String?

  @Option(
    help: ArgumentHelp(
      "The instruction set that all runs compute with. (default: what the CPU has, or the certificate's)",
      valueName: "name"))
  var isa: String?

  @Option(
    help: ArgumentHelp("A folder for the runs, which all hosts see; removed at the end.", valueName: "folder"))
  var work = "certify-runs"

  @Option(help: ArgumentHelp("Write the certificate here, as JSON.", valueName: "file"))
  var out: String?

  @Flag(help: "Replace the file at --out.")
  var force = false

  func validate() throws {
    if (config == nil) == (verify == nil) { throw ValidationError("give --config or --verify, one of the two") }
    if let steps, steps < 2 { throw ValidationError("--steps is a whole number from 2, it is \(steps)") }
    for (name, list) in [("--ranks", ranks), ("--threads", threads)] { _ = try numbers(list, name) }
    for layout in layoutList where !["replicated", "sharded"].contains(layout) {
      throw ValidationError("--layouts is a list of replicated and sharded, it has '\(printable(layout))'")
    }
    if layoutList.isEmpty { throw ValidationError("--layouts is a list of replicated and sharded, it is empty") }
  }

  func run() throws {
    if let out { try OutputPlace.check(out, replaces: force, inputs: [config, verify].compactMap { $0 }) }
    let known = try verify.map { try Certificate(file: $0) }
    let fingerprint = try PreparedDataset(folder: dataset).fingerprint
    if let known, let verify, known.dataset != fingerprint {
      throw CertificateError.otherDataset(path: verify, dataset: dataset)
    }
    let hosts = try hostfile.map { try RankHost.read(file: $0) }
    let steps = steps ?? known?.steps ?? 30
    if let known, known.steps != steps {
      throw ValidationError("--steps is \(known.steps) in the certificate: leave it out")
    }
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: work) }
    let trials = try Trials(self, known: known, hosts: hosts, steps: steps)
    let plan = CertificatePlan(
      ranks: try numbers(ranks, "--ranks"), threads: try numbers(threads, "--threads"), layouts: layoutList,
      hosts: hosts?.count ?? 1, steps: steps)
    var runs = plan.runs(stop: Int.random(in: 1..<steps))
    for index in runs.indices { try trials.run(&runs[index]) }
    let certificate = try trials.certificate(of: runs, fingerprint)
    if let out { try certificate.write(to: out) }
    let reference = known?.reference ?? runs[0]
    print(Certificate.table(runs, against: reference), terminator: "")
    if let known, known.build.instructionSet != certificate.build.instructionSet {
      print(
        "the certificate was made with \(known.build.instructionSet), this with \(certificate.build.instructionSet)")
    }
    let isSame = runs.allSatisfy { $0.agrees(with: reference) }
    print(isSame ? "same" : "different")
    if !isSame { throw EndOfProcess(code: 1) }
  }

  fileprivate var layoutList: [String] { layouts.split(separator: ",").map(String.init) }

  private func numbers(_ list: String, _ name: String) throws -> [Int] {
    let parts = list.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard parts.allSatisfy({ $0 >= 1 }) else {
      throw ValidationError("\(name) is a list such as 1,2,4, it is '\(printable(list))'")
    }
    return parts
  }
}

/// Trains what a certificate compares.
private struct Trials {
  let command: CertifyCommand
  let launcher: MPILauncher
  let hosts: [RankHost]?
  let steps: Int
  let isa: String?
  /// The options that are trained with.
  let config: String

  init(_ command: CertifyCommand, known: Certificate?, hosts: [RankHost]?, steps: Int) throws {
    self.command = command
    self.hosts = hosts
    self.steps = steps
    isa = command.isa ?? known?.isa
    launcher = try MPILauncher.find(environment: ProcessInfo.processInfo.environment)
    if let known {
      config = joined(command.work, "config.yaml")
      try atomicWrite(Data(known.config.utf8), to: config)
    } else {
      config = command.config ?? ""
    }
  }

  /// - Throws: `CertificateError.runFailed`, `LaunchError`.
  func run(_ run: inout CertifiedRun) throws {
    note("\(run.gate): \(run.words)")
    let folder = joined(command.work, "run")
    try removeIfThere(folder)
    if let stop = run.stoppedAfter, let before = run.ranksBefore {
      var first = run
      (first.ranks, first.layout) = (before, command.layoutList[0])
      try train(first, until: stop, in: folder)
    }
    try train(run, until: steps, in: folder)
    let state = try Checkpoint(joined(folder, "checkpoints/latest")).state
    guard state.step == steps else {
      throw CertificateError.runFailed(
        gate: run.gate, reason: "it has \(state.step) steps, fewer than --steps \(steps): raise epochs in \(config)")
    }
    run.model = state.files["model.safetensors"] ?? ""
    run.optimizer = state.files["optimizer.safetensors"] ?? ""
  }

  private func train(_ run: CertifiedRun, until step: Int, in folder: String) throws {
    var line = [ownExecutable, "train", "--dataset", command.dataset, "--config", config, "--out", folder]
    line += ["--max-steps", "\(step)", "--checkpoint-every", "never", "--threads-per-rank", "\(run.threads)"]
    line += ["--item-table", run.layout] + (isa.map { ["--isa", $0] } ?? [])
    let job = LaunchedJob(
      launcher: launcher, ranks: run.ranks,
      hosts: hosts.map { run.hosts > 1 ? spread($0, run.ranks) : [widened($0[0], run.ranks)] },
      interface: command.interface, command: line, ownName: MPIRuntime.hostname)
    let (code, text) = try job.runQuietly()
    if code == LaunchedJob.stoppedCode { throw StopSignal.end("stopped: start the same command again") }
    guard code == 0 else {
      let last = text.split(separator: "\n").last { $0.hasPrefix("caravan: ") }?.dropFirst("caravan: ".count)
      throw CertificateError.runFailed(gate: run.gate, reason: last.map(String.init) ?? "exit code \(code)")
    }
  }

  /// Ranks on every host.
  private func spread(_ hosts: [RankHost], _ ranks: Int) -> [RankHost] {
    hosts.map { RankHost(name: $0.name, slots: (ranks + hosts.count - 1) / hosts.count) }
  }

  private func widened(_ host: RankHost, _ ranks: Int) -> RankHost {
    RankHost(name: host.name, slots: max(host.slots, ranks))
  }

  func certificate(of runs: [CertifiedRun], _ dataset: String) throws -> Certificate {
    let folder = joined(command.work, "run")
    let state = try Checkpoint(joined(folder, "checkpoints/latest")).state
    var build = BuildInformation.current
    build.instructionSet = state.instructionSet
    let text = try String(contentsOfFile: joined(folder, "config.yaml"), encoding: .utf8)
    return Certificate(
      build: build, cpu: Certificate.ownCPU, isa: isa, dataset: dataset, steps: steps,
      precision: state.options["precision"] ?? "f32", config: text, runs: runs)
  }
}
