import Foundation
import MPI
import Synchronization

/// SIGUSR1 asks a run to write a checkpoint and stop: schedulers send it before the time limit, and mpirun passes
/// it on to all ranks.
///
/// The thread that computes never takes the signal: it may be inside code that oneDNN generated, which does not keep
/// its stack as a signal handler needs it. It blocks the signal and looks for it between steps; where a thread of
/// MPI's takes it instead, the handler notes it.
enum StopSignal {
  private static let received = Atomic<Bool>(false)

  /// From now on the signal no longer ends the process. To be called by the thread that computes. What was received
  /// stays so: it also stops the runs that would follow.
  static func listen() {
    var mask = signalSet
    pthread_sigmask(SIG_BLOCK, &mask, nil)
    signal(SIGUSR1) { _ in StopSignal.received.store(true, ordering: .relaxed) }
  }

  /// Whether any rank has received the signal; the same answer on every rank. Collective.
  static func wasReceived(by group: any ProcessGroup) throws(MPIError) -> Bool {
    var mask = signalSet
    var atOnce = timespec()
    if sigtimedwait(&mask, nil, &atOnce) == SIGUSR1 { received.store(true, ordering: .relaxed) }
    var flag: [Int32] = [received.load(ordering: .relaxed) ? 1 : 0]
    try group.maximum(&flag)
    return flag[0] == 1
  }

  private static var signalSet: sigset_t {
    var mask = sigset_t()
    sigemptyset(&mask)
    sigaddset(&mask, SIGUSR1)
    return mask
  }
}
