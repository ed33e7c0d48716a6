import Dispatch
import Synchronization

/// Threads of this process that share out independent pieces of work.
///
/// What a piece computes must not depend on who computes it: then the number of threads changes no bit.
package struct ThreadTeam: Sendable {
  /// How many threads work at a time, the caller's among them.
  package let count: Int

  package init(count: Int = 1) {
    precondition(count >= 1, "\(count) threads")
    self.count = count
  }

  /// Runs `body` on every piece, in no particular order, and returns when all are done.
  /// - Parameter body: gets the number of the thread, below `count`, whose scratch memory it may use, and the
  ///   piece. Pieces must not write where others read or write.
  package func forEach(_ pieces: Int, _ body: (_ thread: Int, _ piece: Int) -> Void) {
    let threads = min(count, pieces)
    guard threads > 1 else { return (0..<pieces).forEach { body(0, $0) } }
    let next = Atomic(0)
    withoutActuallyEscaping(body) { body in
      // The pieces are independent, as the contract above has it, and none outlives this call.
      nonisolated(unsafe) let body = body
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        while true {
          let piece = next.add(1, ordering: .relaxed).oldValue
          if piece >= pieces { return }
          body(thread, piece)
        }
      }
    }
  }

  /// What `body` makes of every piece, in their order.
  package func map<Result>(_ pieces: Int, _ body: (_ thread: Int, _ piece: Int) -> Result) -> [Result] {
    [Result](unsafeUninitializedCapacity: pieces) { results, count in
      let base = results.baseAddress
      forEach(pieces) { thread, piece in (base! + piece).initialize(to: body(thread, piece)) }
      count = pieces
    }
  }
}
