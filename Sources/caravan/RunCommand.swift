import ArgumentParser
import Foundation
import Launching
import MPI
import Runs
import Storage
import Text

struct RunCommand: LaunchingCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Starts a command on several ranks: mpirun as it should be started, and again where ranks are lost.",
    discussion: """
      SIGTERM, SIGINT, SIGHUP and SIGUSR1 let the ranks save what they have; a second SIGINT or SIGTERM ends them at once. \
      Exit codes: 0 done, 75 stopped to go on later by the same command, 69 a rank or a host was lost and --restarts \
      were used up, 64 a wrong command line, 1 a failure that would come again.

      caravan run -n 4 --restarts 3 train --dataset data --model NARM --out runs/narm
      caravan run --hostfile hosts --interface eth0 --restarts 10 train --dataset data --model NARM --out runs/narm
      """)

  @Option(
    name: .short,
    help: ArgumentHelp(
      "Ranks. (default: the slots of --hostfile or of a batch job, else the cores, 8 at most)", valueName: "number"))
  var n: Int?

  @Option(help: ArgumentHelp("A file of hosts, node1 slots=4 a line. (default: this machine)", valueName: "file"))
  var hostfile: String?

  @Option(
    help: ArgumentHelp(
      "How often to start again when a rank or a host was lost, without a new checkpoint in between; on fewer ranks "
        + "where hosts do not answer: the bits are the same.", valueName: "number"))
  var restarts = 0

  @Option(
    help: ArgumentHelp("The command's --hang-timeout: how long ranks wait for one another.", valueName: "10m|never"))
  var hangTimeout: String?

  @Option(
    help: ArgumentHelp(
      "The network that joins the hosts, such as eth0 or 10.0.0.0/24, for ranks and launcher.", valueName: "name|subnet"
    ))
  var interface: String?

  @Flag(help: "Print the mpirun command, and start nothing.")
  var dryRun = false

  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("The command and its options.", valueName: "command"))
  var command: [String]

  func validate() throws {
    if let n, n < 1 { throw ValidationError("-n is a whole number from 1, it is \(n)") }
    if restarts < 0 { throw ValidationError("--restarts is a whole number from 0, it is \(restarts)") }
  }

  func run() throws {
    if ["--help", "-h"].contains(command.first) { throw CleanExit.helpRequest(self) }
    let parsed = try parseCommand()
    if parsed is any LaunchingCommand {
      let name = type(of: parsed).configuration.commandName!
      throw ValidationError("caravan \(name) starts ranks by itself: start it without caravan run")
    }
    if command.contains("/dev/stdin") {
      throw ValidationError("caravan run does not hand on standard input: write it to a file, or use mpirun")
    }
    try requireLanes(for: parsed)
    var environment = ProcessInfo.processInfo.environment
    environment[CaravanRun.variable] = StandardError.isTerminal ? "terminal" : "lines"
    let hosts = try hostfile.map { try RankHost.read(file: $0) }
    let job = LaunchedJob(
      launcher: try MPILauncher.find(environment: environment), ranks: n ?? defaultRanks(environment), hosts: hosts,
      interface: interface, command: [ownExecutable] + command + ownOptions(of: parsed),
      commandAgain: [ownExecutable] + resuming + ownOptions(of: parsed), environment: environment,
      ownName: MPIRuntime.hostname)
    if dryRun { return print(job.arguments().map(quoted).joined(separator: " ")) }
    let code = try job.run(restarts: restarts, folder: outFolder) { note($0) }
    if code != 0 { throw EndOfProcess(code: code) }
  }

  /// A wrong command line is told before anything is started, and so is help.
  private func parseCommand() throws -> any ParsableCommand {
    // What stands before the command's name, and is none of ours, arrives here as well.
    let line = CommandLineText((command.first?.hasPrefix("-") ?? false ? ["run"] : []) + command)
    do {
      return try Caravan.parseAsRoot(line.arguments)
    } catch {
      let code = Caravan.exitCode(for: error).rawValue
      if code == 0 { throw error }
      throw EndOfProcess(code: code, sentence: UsageError(Caravan.message(for: error), line).description)
    }
  }

  /// What every rank would refuse is told before there are any. A configuration file is left to the ranks.
  private func requireLanes(for command: any ParsableCommand) throws {
    guard let n, let training = command as? TrainCommand, training.config == nil else { return }
    let lanes = training.plan.given["lanes"].flatMap { Int($0) } ?? TrainingPlan().lanes
    if n > lanes {
      throw ValidationError("-n is \(n), more than the \(lanes) lanes of a batch: start fewer ranks, or raise --lanes")
    }
  }

  /// nil where a host file or a batch system knows better.
  private func defaultRanks(_ environment: [String: String]) -> Int? {
    let givers = ["SLURM_JOB_ID", "PBS_NODEFILE", "PE_HOSTFILE", "LSB_HOSTS"]
    if hostfile != nil || givers.contains(where: { environment[$0] != nil }) { return nil }
    // As many as --lanes and --head-blocks have by default.
    return min(ProcessInfo.processInfo.activeProcessorCount, 8)
  }

  private func ownOptions(of parsed: any ParsableCommand) -> [String] {
    guard parsed is any GroupCommand, let hangTimeout else { return [] }
    return ["--hang-timeout", hangTimeout]
  }

  /// The command without its --resume: what it said of the first start is done.
  private var resuming: [String] {
    var rest = command[...], kept: [String] = []
    while let word = rest.popFirst() {
      if word == "--resume" { rest = rest.dropFirst() } else if !word.hasPrefix("--resume=") { kept.append(word) }
    }
    return kept
  }

  /// What the command gives as --out, for its checkpoints.
  private var outFolder: String? {
    for (index, word) in command.enumerated() {
      if word == "--out", index + 1 < command.count { return command[index + 1] }
      if word.hasPrefix("--out=") { return String(word.dropFirst("--out=".count)) }
    }
    return nil
  }
}

/// This executable's path, for ranks that may be on other hosts.
var ownExecutable: String {
  (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
}
