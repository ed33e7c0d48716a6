import MPI

/// What ranks ask of one another between two steps: one message tells all of it.
struct StepRequests {
  /// What rank 0 says of the checkpoints inside epochs: it has the clock that counts, and the thread that writes.
  struct Checkpoints {
    /// Whether one is to be taken now.
    var isDue = false
    /// How many pieces are to be moved of the one that is being written.
    var pieces = 0
    /// Whether that is written, or could not be.
    var hasEnded = false
  }

  /// The signal that asks any rank to stop; nil for none.
  let stop: Int32?
  let checkpoints: Checkpoints

  /// The same on every rank; collective.
  /// - Parameter checkpoints: rank 0's counts.
  init(_ checkpoints: Checkpoints, group: any ProcessGroup) throws(MPIError) {
    let own = group.rank == 0 ? checkpoints : Checkpoints()
    var requests: [Int32] = [StopSignal.received, own.isDue ? 1 : 0, Int32(own.pieces), own.hasEnded ? 1 : 0]
    try group.maximum(&requests)
    stop = requests[0] == 0 ? nil : requests[0]
    self.checkpoints = Checkpoints(isDue: requests[1] == 1, pieces: Int(requests[2]), hasEnded: requests[3] == 1)
  }
}
