import Evaluation
import Learning
import MPI
import OptionTables
import Runs
import Sessions
import Storage

/// Whether an error has ended a step on all ranks of a group, so that they may go on to something else together.
///
/// So it is with what is thrown alike on all ranks, for all know the same (options, a loss that is not finite), and
/// with what one rank throws inside `ProcessGroup.together`, of which the others hear. Our typed errors are thrown in
/// no other way. It is not so with an error of MPI itself, which leaves MPI in an undefined state, nor with an error
/// of a kind that we do not know: peers may be waiting in a collective call for a rank that has left it.
func isSharedFailure(_ error: any Error) -> Bool {
  switch error {
  case let error as MPIError:
    switch error {
    case .peerFailed, .moreRanksThanLanes, .moreRanksThanBlocks, .lanesNotAPowerOfTwo: true
    case .failed, .noAnswer, .wrongLauncher, .startedSideBySide, .loneRank, .threadsUnsupported, .noSuchRank: false
    }
  case is OptionError, is LearningError, is RunError, is CheckpointError, is HandOffError, is SweepError: true
  case is EvaluationError, is SessionsError, is StorageError: true
  default: false
  }
}

extension ProcessGroup {
  /// What a failure that all ranks share comes from, in one sentence on one line: that of the lowest rank that knows
  /// more than that a peer failed. The same on every rank; collective.
  func cause(of error: any Error) throws(MPIError) -> String {
    let knowsMore = if case .some(.peerFailed) = error as? MPIError { false } else { true }
    var nearest = [knowsMore ? size - rank : 0]
    try maximum(&nearest)
    var sentence = String(describing: error).split(whereSeparator: \.isNewline).joined(separator: " ")
    try broadcast(&sentence, from: nearest[0] == 0 ? 0 : size - nearest[0])
    return sentence
  }
}
