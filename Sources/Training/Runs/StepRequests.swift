import MPI

/// What ranks ask of one another between two steps: one message tells all of it.
struct StepRequests {
  /// The signal that asks any rank to stop; nil for none.
  let stop: Int32?
  /// Whether rank 0's clock asks for a checkpoint: the clocks of others may say otherwise.
  let wantsCheckpoint: Bool

  /// The same on every rank; collective.
  init(isCheckpointDue: Bool, group: any ProcessGroup) throws(MPIError) {
    var requests: [Int32] = [StopSignal.received, group.rank == 0 && isCheckpointDue ? 1 : 0]
    try group.maximum(&requests)
    stop = requests[0] == 0 ? nil : requests[0]
    wantsCheckpoint = requests[1] == 1
  }
}
