import CMPI

/// What can go wrong between processes.
public enum MPIError: Error, Equatable {
  /// An MPI call failed. MPI's state is undefined from here on: the error is for the message, not for recovery.
  case failed(call: String, code: Int32, text: String)
  /// The process runs alone although its launcher started several: that launcher belongs to another MPI.
  case wrongLauncher(claimedRanks: Int)
  /// The process is one of several that were started side by side, and cannot see the others.
  case startedSideBySide(launcher: String, processes: Int, variable: String)
  /// The launcher calls the process a rank above 0, but MPI sees it alone.
  case loneRank(Int)
  /// The MPI library allows no threads beside the one that calls it.
  case threadsUnsupported
  /// A peer that the group does not have.
  case noSuchRank(Int, size: Int)
  /// Rank `rank` failed in a step that all ranks agreed to take together; it reports the cause.
  case peerFailed(rank: Int)
  /// Ranks that are waited for sent nothing for the time of `HangTimeout`.
  case noAnswer(Silence)
  case lanesNotAPowerOfTwo(Int)
  case moreRanksThanLanes(ranks: Int, lanes: Int)
  case moreRanksThanBlocks(ranks: Int, blocks: Int)
}

extension MPIError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .failed(let call, let code, let text):
      "\(call) failed with MPI error \(code), \(text): check the other ranks and the network between the hosts"
    case .wrongLauncher(let claimed):
      "the launcher started \(claimed) processes but MPI sees only this one: "
        + "use the mpirun of the Open MPI that caravan was built with"
    case .startedSideBySide(let launcher, let processes, let variable):
      "this is one of \(processes) processes that \(launcher) started, but MPI sees this one alone: start them with "
        + "mpirun\(launcher == "srun" ? ", or srun --mpi=pmix" : ""); a job of its own needs \(variable) unset"
    case .loneRank(let rank):
      "the launcher calls this process rank \(rank), but MPI sees it alone: use the mpirun of the Open MPI that caravan "
        + "was built with"
    case .threadsUnsupported:
      "this MPI library does not support MPI_THREAD_FUNNELED: use an Open MPI built with threads"
    case .noSuchRank(let rank, let size):
      "there is no rank \(rank) in a group of \(size): address ranks 0 to \(size - 1)"
    case .peerFailed(let rank):
      "rank \(rank) failed: see its message"
    case .noAnswer(let silence):
      "\(silence)"
    case .lanesNotAPowerOfTwo(let lanes):
      "\(lanes) lanes are not a power of two from 1 to \(LaneTree.maximumLanes): choose --lanes accordingly"
    case .moreRanksThanLanes(let ranks, let lanes):
      "\(ranks) ranks are more than the \(lanes) lanes of a batch: start at most \(lanes) ranks, or raise --lanes"
    case .moreRanksThanBlocks(let ranks, let blocks):
      "\(ranks) ranks with a replica each are more than the \(blocks) blocks of a batch: start at most \(blocks) ranks, "
        + "take --item-table sharded, or raise --head-blocks"
    }
  }
}

/// Throws what an MPI call returned, unless it succeeded. Class and text are fetched at once, since they may be
/// out of reach later.
func check(_ status: Int32, _ call: StaticString) throws(MPIError) {
  if status != 0 { throw .failed(call: "\(call)", code: status, text: errorText(status)) }
}

private func errorText(_ status: Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(cmpi_error_text_capacity)) { buffer in
    guard let text = buffer.baseAddress, cmpi_error_text(status, text) == 0 else { return "unknown error" }
    return String(cString: text)
  }
}
