import Foundation
import MPI
import Synchronization

/// SIGUSR1 asks a run to write a checkpoint and stop: schedulers send it before the time limit, and mpirun passes
/// it on to all ranks.
enum StopSignal {
  private static let received = Atomic<Bool>(false)

  /// From now on the signal no longer ends the process.
  static func listen() { signal(SIGUSR1) { _ in StopSignal.received.store(true, ordering: .relaxed) } }

  /// Whether any rank has received the signal; the same answer on every rank. Collective.
  static func wasReceived(by group: any ProcessGroup) throws(MPIError) -> Bool {
    var flag: [Int32] = [received.load(ordering: .relaxed) ? 1 : 0]
    try group.maximum(&flag)
    return flag[0] == 1
  }
}
