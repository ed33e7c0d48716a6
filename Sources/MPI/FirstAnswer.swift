import Foundation
import Synchronization
import Text

/// Ends a rank whose first message of the job gets no answer. Another program on rank 0, such as an older Caravan, waits
/// for something else, and so would all ranks for ever.
public enum FirstAnswer {
  /// Seconds: far longer than ranks that have all started MPI need for one message.
  private static let patience: UInt32 = 20
  private static let isThere = Atomic<Bool>(false)

  /// Runs `body`, the first exchange of messages; collective.
  public static func expect<R>(in group: any ProcessGroup, _ body: () throws -> R) throws -> R {
    if group.size == 1 { return try body() }
    Thread.detachNewThread { [rank = group.rank] in
      sleep(patience)
      if isThere.load(ordering: .relaxed) { return }
      StandardError.print(
        "caravan: rank \(rank) on host \(MPIRuntime.hostname): the other ranks do not answer: give all ranks the same "
          + "caravan\n")
      _exit(1)
    }
    let answer = try body()
    isThere.store(true, ordering: .relaxed)
    return answer
  }
}
