import MPI
import Tensors

/// What computes here: what a result must name to be computed again, and what ranks must have in common.
///
/// Flat, so that it is written as it is into a checkpoint's or a report's JSON.
public struct BuildInformation: Codable, Hashable, Sendable {
  /// Caravan's version.
  public var version: String
  /// The commit that was built, `+changes` where the sources differed from it; `unknown` without git.
  public var commit: String
  /// The MPI library that is loaded: `Open MPI v4.1.4`.
  public var mpi: String
  /// The version of oneDNN that is loaded: `2.6.3`.
  public var oneDNN: String
  /// As oneDNN calls it, which is the form in checkpoints: `avx512_core_bf16`; or `portable`.
  public var instructionSet: String

  /// The oneDNN that decides the bits; nil where products are not its own.
  public var oneDNNOfBits: String? { InstructionSet(recorded: instructionSet) == .portable ? nil : oneDNN }

  enum CodingKeys: String, CodingKey {
    case version = "caravan"
    case commit
    case mpi
    case oneDNN = "onednn"
    case instructionSet = "instruction_set"
  }

  /// That of this process. Needs no MPI to be started.
  ///
  /// It names the instruction set and by that chooses it: not before `InstructionSet.pin`.
  public static var current: BuildInformation {
    BuildInformation(
      version: caravanVersion, commit: recordedCommit, mpi: MPIRuntime.libraryVersion, oneDNN: oneDNNVersion,
      instructionSet: Tensors.instructionSet)
  }
}

extension BuildInformation: CustomStringConvertible {
  /// A line for each, as `caravan --version` prints them.
  public var description: String {
    """
    caravan \(version)
    commit \(commit)
    \(mpi)
    oneDNN \(oneDNN)
    instruction set \(instructionSet)
    """
  }
}

/// The version of this source tree: CHANGELOG.md has a section for it.
public let caravanVersion = "0.6.0"
