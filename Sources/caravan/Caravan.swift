import ArgumentParser
import Foundation
import MPI
import OptionTables
import Provenance
import Storage
import Tensors
import Text

/// The root command. Commands only translate: they check options, call one library function and print.
@main
struct Caravan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "caravan",
    abstract: "Trains session-based recommenders over MPI.",
    discussion: """
      Every command works in one process; under mpirun, or caravan run, training and ranking are shared by all ranks, to \
      the same bits.

      caravan prepare --sessions clicks.csv --test-days 1 --out shop
      caravan run -n 2 train --dataset shop --model NARM --out runs/narm
      caravan evaluate --dataset shop --checkpoint runs/narm
      """,
    version: version,
    subcommands: [DoctorTrialCommand.self, ManualCommand.self],
    groupedSubcommands: [
      CommandGroup(name: "Data", subcommands: [PrepareCommand.self, InspectCommand.self, SynthCommand.self]),
      CommandGroup(
        name: "Training",
        subcommands: [
          TrainCommand.self, FinetuneCommand.self, SweepCommand.self, ModelsCommand.self, ReportCommand.self,
        ]),
      CommandGroup(
        name: "Ranking",
        subcommands: [
          EvaluateCommand.self, PredictCommand.self, AskCommand.self, BlendCommand.self, CandidatesCommand.self,
          EmbedCommand.self, ExportCommand.self,
        ]),
      CommandGroup(
        name: "Machine",
        subcommands: [
          RunCommand.self, DoctorCommand.self, PlanCommand.self, BenchCommand.self, CertifyCommand.self,
        ]),
    ])

  /// All that computes only where it is to be printed: to name the instruction set is to choose it, before `--isa`.
  private static var version: String {
    CommandLine.arguments.contains("--version") ? "\(BuildInformation.current)" : caravanVersion
  }

  /// Runs the command line on all ranks of the launcher, or alone. What is wrong with it, help and all results are
  /// printed once, by rank 0.
  static func main() {
    StandardStreams.secure()
    let line = CommandLineText(ModelHelp.taken(from: Array(CommandLine.arguments.dropFirst())))
    let parsed = Result { try parseAsRoot(line.arguments) }
    // Before MPI starts and data are read, for the signal may come at any time. It ends what has nothing to save.
    let command = try? parsed.get()
    if command is any GroupCommand, !(command is BenchCommand) { StopSignal.listen() }
    MPIRuntime.run { group in
      try FirstAnswer.expect(in: group) { try RankAgreement.require(line.facts, group) }
      if group.rank == 0 { CaravanRun.tellStart() }
      do {
        if let wrong = UsageError.wrongCommand(line) { throw ValidationError(wrong) }
        if let empty = line.emptyOption { throw ValidationError("\(empty) is empty, leave it out or give it a value") }
        let command = try parsed.get()
        if command is any LaunchingCommand, MPIRuntime.isUnderLauncher {
          throw ValidationError(
            "caravan \(type(of: command)._commandName) starts mpirun by itself: start it without one")
        }
        Activity.begin(type(of: command)._commandName)
        note(line.notices, group)
        try run(command, group)
        try requirePrinted(command, group)
      } catch  where exitCode(for: error) != .failure || error is ExitCode {
        // Help, or wrong usage: the same on all ranks, for all have the same command line.
        throw answer(error, line, group)
      }
    }
  }

  private static func run(_ command: any ParsableCommand, _ group: any ProcessGroup) throws {
    if let command = command as? any GroupCommand {
      try MPIRuntime.requireOneJob(group)
      try command.machine.settle(group)
      return try command.run(group)
    }
    // What needs one process runs on rank 0, and the others wait for it, however long that takes.
    HangTimeout.set(nil)
    var command = command
    var end: (any Error)?, code = [Int32(0)]
    try group.together {
      guard group.rank == 0 || !(type(of: command) is any LeaderCommand.Type) else { return }
      do {
        try command.run()
      } catch  where exitCode(for: error) != .failure {
        (end, code[0]) = (error, exitCode(for: error).rawValue)
      }
    }
    try group.broadcast(&code, from: 0)
    if let end { throw end }
    if code[0] != 0 { throw ExitCode(code[0]) }
  }

  /// Checks that results reached standard output. A run's are in its folder.
  private static func requirePrinted(_ command: any ParsableCommand, _ group: any ProcessGroup) throws {
    if command is TrainCommand || command is FinetuneCommand || command is SweepCommand || command is RunCommand {
      return
    }
    try group.together {
      if group.rank == 0, fflush(nil) != 0 {
        throw StorageError.cannotWrite(path: "standard output", reason: String(cString: strerror(errno)))
      }
    }
  }

  /// Prints help, or what is wrong with the command line in one line.
  private static func answer(_ error: any Error, _ line: CommandLineText, _ group: any ProcessGroup) -> EndOfProcess {
    let code = exitCode(for: error).rawValue
    guard group.rank == 0 else { return EndOfProcess(code: code) }
    if code != 0 { return EndOfProcess(code: code, sentence: UsageError(message(for: error), line).description) }
    print(fullMessage(for: error))
    return EndOfProcess(code: 0)
  }
}

/// A command that all ranks run together.
protocol GroupCommand: ParsableCommand {
  /// What its ranks compute with.
  var machine: MachineOptions { get }

  func run(_ group: any ProcessGroup) throws
}

/// A command that one process runs.
protocol LeaderCommand: ParsableCommand {}

/// A command that starts ranks, and is none of them.
protocol LaunchingCommand: LeaderCommand {}

extension StorageError: PassingFailure {
  /// Ranks that were cut off hold the lock of a folder until they notice.
  public var passes: Bool { if case .inUse = self { true } else { false } }
}
