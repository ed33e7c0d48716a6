import ArgumentParser
import Foundation
import MPI
import Text

/// The root command. Commands only translate: they check options, call one library function and print.
@main
struct Caravan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "caravan",
    abstract: "Trains session-based recommenders over MPI.",
    subcommands: [
      PrepareCommand.self, SynthCommand.self, TrainCommand.self, FinetuneCommand.self, EvaluateCommand.self,
      PredictCommand.self, ModelsCommand.self, BenchCommand.self, InspectCommand.self, SweepCommand.self,
    ])

  /// The commands that a signal asks to save what they have; it ends the others.
  private static let stoppable = ["train", "finetune", "sweep", "evaluate", "predict"]

  /// Runs the command line. An error of ours is one line and exit code 1; ArgumentParser prints wrong usage
  /// and help itself.
  static func main() {
    StandardStreams.secure()
    if let name = CommandLine.arguments.dropFirst().first, stoppable.contains(name) { StopSignal.listen() }
    do {
      var command = try parseAsRoot(withDashesInFlags(Array(CommandLine.arguments.dropFirst())))
      do {
        try command.run()
      } catch  where exitCode(for: error) == .failure && !(error is ExitCode) {
        StandardError.print("caravan: \(error)\n")
        exit(withError: ExitCode.failure)
      }
    } catch {
      exit(withError: error)
    }
  }

  /// Accepts flags with underscores, as other tools spell them: `--max_length=20` is `--max-length=20`.
  static func withDashesInFlags(_ arguments: [String]) -> [String] {
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    return arguments.enumerated().map { position, argument in
      guard position < end, argument.hasPrefix("--") else { return argument }
      let name = argument.prefix { $0 != "=" }
      return name.replacing("_", with: "-") + String(argument.dropFirst(name.count))
    }
  }
}
