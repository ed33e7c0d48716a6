import Text

/// Why a job cannot be started.
package enum LaunchError: Error, Equatable, CustomStringConvertible {
  case noLauncher
  case unknownLauncher(String)
  case unreadableHostFile(path: String, reason: String)
  case badHostFile(path: String, line: Int, reason: String)
  case noHost(path: String)
  case tooFewSlots(ranks: Int, slots: Int)
  case cannotStart(program: String, reason: String)

  package var description: String {
    switch self {
    case .noLauncher:
      "there is no mpirun here: install Open MPI (apt-get install openmpi-bin), or put its bin folder in PATH"
    case .unknownLauncher(let version):
      "mpirun is '\(printable(version))', not that of Open MPI 4.1 or 5: put the bin folder of the Open MPI that caravan "
        + "was built with first in PATH"
    case .unreadableHostFile(let path, let reason):
      "cannot read the host file \(path): \(reason)"
    case .badHostFile(let path, let line, let reason):
      "\(path) line \(line): \(reason): a line is a host's name, and slots=N for N ranks"
    case .noHost(let path):
      "\(path) names no host: give a host a line, and slots=N for N ranks"
    case .tooFewSlots(let ranks, let slots):
      "\(ranks) ranks are more than the \(slots) slots of the host file: raise slots=N there, or start fewer"
    case .cannotStart(let program, let reason):
      "cannot start \(program): \(reason)"
    }
  }
}
