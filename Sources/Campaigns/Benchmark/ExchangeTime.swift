import MPI
import Tensors

/// How long ranks take to send one another what they have.
package enum ExchangeTime {
  /// Every rank sends so many floats to every other; collective.
  /// - Parameters:
  ///   - count: floats, at least 1.
  ///   - times: how often it is timed, after once that is not.
  /// - Returns: seconds of one exchange on this rank.
  package static func seconds(count: Int, times: Int, _ group: any ProcessGroup) throws -> Double {
    let own = FloatStorage(count: count * group.size), others = FloatStorage(count: count * group.size)
    let counts = [Int](repeating: count, count: group.size)
    func exchange() throws {
      try group.allToAll(
        send: UnsafeBufferPointer(own.elements), counts: counts, receive: others.elements, counts: counts)
    }
    try exchange()
    try group.barrier()
    let began = ContinuousClock.now
    for _ in 0..<times { try exchange() }
    return (ContinuousClock.now - began) / .seconds(1) / Double(times)
  }
}
