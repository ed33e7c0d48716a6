import MPI
import Runs

/// A command that a sweep can run with one choice of options after another.
package protocol SweptCommand {
  /// What the file of a sweep calls it.
  static var name: String { get }

  /// The options whose values are the paths of what a job reads, and for each what tells its contents apart, such as
  /// a checksum. It is recorded with what a job reached: what changes later does not pass for the same.
  static var inputs: [String: (_ path: String) throws -> String] { get }

  /// Whether the options make sense, before anything is read or computed.
  static func validate(_ options: [String: String]) throws

  /// Runs one job, on all ranks of `group`; collective. It goes on from what an earlier start left in the folder.
  ///
  /// `SweepRun` survives what this throws if all ranks of the group throw together: the same error on all, or one of
  /// a rank's own that the others learn of through `ProcessGroup.together`. See `isSharedFailure`.
  /// - Parameters:
  ///   - options: by their names in a configuration file.
  ///   - folder: the job's own. Gets a `config.yaml` that the command takes as its `--config`.
  ///   - output: what it says while it goes on.
  /// - Returns: how it ended; what rank 0 returns counts.
  /// - Throws: `EndOfProcess`, on all ranks, where a signal stopped it: it will go on when the sweep does.
  static func run(
    _ options: [String: String], folder: String, group: any ProcessGroup, output: RunOutput
  ) throws -> SweepOutcome
}

extension SweptCommand {
  /// Nothing that could change.
  package static var inputs: [String: (_ path: String) throws -> String] { [:] }
}

/// How a job ended.
package struct SweepOutcome: Sendable {
  /// What it reached. Jobs are compared by the first figure, of which more is better.
  package let figures: [SweepFigure]

  package init(figures: [SweepFigure]) { self.figures = figures }
}

/// A number by which jobs are compared, or which is of interest beside it.
package struct SweepFigure: Codable, Equatable, Sendable {
  /// Such as `MRR@100`.
  package let name: String
  package let value: Double

  package init(name: String, value: Double) {
    self.name = name
    self.value = value
  }
}

/// The commands that sweeps know.
package var sweptCommands: [any SweptCommand.Type] { [TrainingJob.self, FineTuningJob.self] }
