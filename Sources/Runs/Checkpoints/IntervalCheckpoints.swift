import Learning
import Logging
import MPI
import Sessions
import Storage

/// The checkpoints inside epochs: when one is due, and the one that is being written. Never two at once: one that falls
/// due meanwhile is taken when the other has ended.
final class IntervalCheckpoints {
  private let interval: CheckpointInterval
  private let group: any ProcessGroup
  private let log: Logger
  private var current: BackgroundSave?
  private var memory: SnapshotMemory?
  private var isToldOfMemory = false
  /// Since the last checkpoint, of whatever kind.
  private var lastTaken = ContinuousClock.now
  private var isDue = false

  init(_ interval: CheckpointInterval, group: any ProcessGroup, log: Logger) {
    self.interval = interval
    self.group = group
    self.log = log
  }

  /// What rank 0 says after a step.
  func report(afterStep step: Int) -> StepRequests.Checkpoints {
    if interval.isDue(afterStep: step) || interval.isDue(after: ContinuousClock.now - lastTaken) { isDue = true }
    guard let current else { return StepRequests.Checkpoints(isDue: isDue) }
    let hasEnded = current.hasEnded
    return StepRequests.Checkpoints(
      isDue: isDue && hasEnded, pieces: hasEnded ? 0 : current.affordablePieces, hasEnded: hasEnded)
  }

  /// Takes a checkpoint that is written from now on; collective.
  /// - Returns: whether there is memory for it. If not, it is to be written at once.
  func begin(
    _ training: Trainer, _ state: CheckpointState, items: ItemCatalog, to folder: String, in place: FolderIdentity?
  ) throws -> Bool {
    precondition(current == nil, "two checkpoints at once")
    let needed = try memory ?? SnapshotMemory(training)
    memory = needed
    guard try needed.isThere(on: group) else {
      if !isToldOfMemory { log.notice("there is no memory for a copy of the weights: training waits for checkpoints") }
      isToldOfMemory = true
      return false
    }
    current = BackgroundSave(training, state, items: items, to: folder, in: place)
    return true
  }

  /// Takes note of a checkpoint that was taken, in whichever way.
  func didTake() {
    lastTaken = .now
    isDue = false
  }

  /// Goes on with the checkpoint that is being written, if there is one; collective.
  /// - Returns: its state, once it is written.
  /// - Throws: on rank 0 what made writing fail, on the others `MPIError.peerFailed`.
  func proceed(_ requests: StepRequests.Checkpoints) throws -> CheckpointState? {
    guard let current else { return nil }
    guard requests.hasEnded else {
      try current.move(requests.pieces)
      return nil
    }
    self.current = nil
    try current.conclude()
    return current.state
  }

  /// Waits for the checkpoint that is being written, if there is one; collective. Returns and throws what `proceed` does.
  func finish() throws -> CheckpointState? {
    guard let current else { return nil }
    try current.finish()
    self.current = nil
    return current.state
  }

  /// Leaves off the checkpoint that is being written, if there is one. Each rank by itself.
  func cancel() {
    current?.cancel()
    current = nil
  }
}
