/// A group of processes that work together: all that trainer and evaluator know of MPI.
///
/// `Communicator` is the group over MPI, `SoloGroup` one process without it. Every call but `send`, `receive` and
/// `exchange` is a collective: all ranks make the same calls in the same order, with the same counts. Counts are
/// elements and may exceed 2^31. Buffers of one call must not overlap, save where "in place" says so.
///
/// A group belongs to the thread that started MPI, hence no `Sendable`. Rank code uses no `async`.
public protocol ProcessGroup: AnyObject {
  /// This process's place in the group, from 0.
  var rank: Int { get }
  /// How many processes the group has.
  var size: Int { get }

  /// The bytes that this rank has handed to others so far, or must have at the least: a collective's bytes are
  /// those of its best algorithm, whichever the MPI library chose.
  var bytesSent: Int { get }

  /// How long this rank has waited for messages so far.
  var timeWaited: Duration { get }

  /// Returns when every rank has called it.
  func barrier() throws(MPIError)

  /// Copies `data` of `root` into `data` of every other rank.
  func broadcast<E: MPIElement>(_ data: UnsafeMutableBufferPointer<E>, from root: Int) throws(MPIError)

  /// Combines `data` element by element over all ranks, leaving the result on every rank.
  /// See `ReductionOperator` for why no gradient may be summed this way.
  func allReduce<E: MPIElement>(
    inPlace data: UnsafeMutableBufferPointer<E>, _ operation: ReductionOperator) throws(MPIError)

  /// Completes `data`, the blocks of all ranks in rank order, of which each rank has filled in its own.
  /// - Parameter counts: the length of each rank's block; equal on all ranks, with the sum `data.count`.
  func allGather<E: MPIElement>(
    inPlace data: UnsafeMutableBufferPointer<E>, counts: [Int]) throws(MPIError)

  /// Combines `mine` element by element over all ranks and gives each rank its block of the result.
  /// - Parameters:
  ///   - counts: the length of each rank's block; equal on all ranks, with the sum `mine.count`.
  ///   - own: receives `counts[rank]` elements.
  func reduceScatter<E: MPIElement>(
    _ mine: UnsafeBufferPointer<E>, counts: [Int], into own: UnsafeMutableBufferPointer<E>,
    _ operation: ReductionOperator) throws(MPIError)

  /// Sends to one rank, which receives the same number of elements with the same tag.
  /// - Parameter tag: 0 ... `largestTag`.
  func send<E: MPIElement>(_ data: UnsafeBufferPointer<E>, to peer: Int, tag: Int) throws(MPIError)

  /// Receives from one rank, which sends exactly `data.count` elements.
  func receive<E: MPIElement>(
    into data: UnsafeMutableBufferPointer<E>, from peer: Int, tag: Int) throws(MPIError)

  /// Makes all transfers at once and returns when all are done. `work` runs after they were started: it must
  /// touch neither what is being received nor change what is being sent.
  ///
  /// Between two ranks, transfers match in the order in which both list them. Pending requests never leave this
  /// call, so no memory can be freed under them.
  func exchange(_ transfers: [Transfer], while work: () -> Void) throws(MPIError)

  /// Splits the group: ranks that give the same color come together, in the order of (key, rank).
  /// - Parameter color: not negative; nil to be in no group, which returns nil.
  func split(color: Int?, key: Int) throws(MPIError) -> (any ProcessGroup)?

  /// The ranks that share this rank's node, in rank order.
  func splitByNode() throws(MPIError) -> any ProcessGroup
}

/// Tags above this one are the library's own.
public let largestTag = 32_000

/// One message of an exchange.
public struct Transfer {
  let isSend: Bool
  let peer: Int
  let base: UnsafeMutableRawPointer?
  let count: Int
  let stride: Int
  let datatype: Datatype

  /// `data` goes to `peer`, which receives the same count.
  public static func send<E: MPIElement>(_ data: UnsafeBufferPointer<E>, to peer: Int) -> Transfer {
    let base = UnsafeMutableRawPointer(mutating: data.baseAddress)
    return Transfer(isSend: true, peer: peer, base: base, count: data.count, of: E.self)
  }

  /// `data` comes from `peer`, which sends the same count.
  public static func receive<E: MPIElement>(
    into data: UnsafeMutableBufferPointer<E>, from peer: Int
  ) -> Transfer {
    let base = UnsafeMutableRawPointer(data.baseAddress)
    return Transfer(isSend: false, peer: peer, base: base, count: data.count, of: E.self)
  }

  private init<E: MPIElement>(
    isSend: Bool, peer: Int, base: UnsafeMutableRawPointer?, count: Int, of element: E.Type
  ) {
    self.isSend = isSend
    self.peer = peer
    self.base = base
    self.count = count
    self.stride = MemoryLayout<E>.stride
    self.datatype = E.datatype
  }
}
