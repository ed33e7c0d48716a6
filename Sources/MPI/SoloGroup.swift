/// A group of one process, without MPI: `caravan train` works with no launcher and no MPI daemon.
public final class SoloGroup: ProcessGroup {
  /// A group of its own; there may be several.
  public init() {}

  /// Always 0.
  public var rank: Int { 0 }
  /// Always 1.
  public var size: Int { 1 }
  /// Always 0: there is nobody to send to.
  public var bytesSent: Int { 0 }
  /// Always zero.
  public var timeWaited: Duration { .zero }

  /// Returns at once.
  public func barrier() {}

  /// Leaves `data` as it is.
  /// - Throws: `MPIError.noSuchRank` for a root other than 0.
  public func broadcast<E: MPIElement>(
    _ data: UnsafeMutableBufferPointer<E>, from root: Int
  ) throws(MPIError) {
    try requireSelf(root)
  }

  /// Leaves `data` as it is: one rank's sum, minimum and maximum are its own values.
  public func allReduce<E: MPIElement>(
    inPlace data: UnsafeMutableBufferPointer<E>, _ operation: ReductionOperator
  ) {}

  /// Leaves `data` as it is.
  /// - Precondition: there is one count, `data.count`.
  public func allGather<E: MPIElement>(inPlace data: UnsafeMutableBufferPointer<E>, counts: [Int]) {
    requireBlocks(counts, of: data.count)
  }

  /// Copies `mine` to `own`.
  /// - Precondition: there is one count, that of both buffers.
  public func reduceScatter<E: MPIElement>(
    _ mine: UnsafeBufferPointer<E>, counts: [Int], into own: UnsafeMutableBufferPointer<E>,
    _ operation: ReductionOperator
  ) {
    requireBlocks(counts, of: mine.count)
    copy(mine, to: own)
  }

  /// - Throws: `MPIError.noSuchRank`, always.
  public func send<E: MPIElement>(
    _ data: UnsafeBufferPointer<E>, to peer: Int, tag: Int
  ) throws(MPIError) {
    throw .noSuchRank(peer, size: 1)
  }

  /// - Throws: `MPIError.noSuchRank`, always.
  public func receive<E: MPIElement>(
    into data: UnsafeMutableBufferPointer<E>, from peer: Int, tag: Int
  ) throws(MPIError) {
    throw .noSuchRank(peer, size: 1)
  }

  /// Runs `work`.
  /// - Throws: `MPIError.noSuchRank` if there is a transfer.
  public func exchange(_ transfers: [Transfer], while work: () -> Void) throws(MPIError) {
    if let transfer = transfers.first { throw .noSuchRank(transfer.peer, size: 1) }
    work()
  }

  /// Another group of one; nil without a color.
  public func split(color: Int?, key: Int) -> (any ProcessGroup)? { color == nil ? nil : SoloGroup() }

  /// Another group of one.
  public func splitByNode() -> any ProcessGroup { SoloGroup() }

  private func requireSelf(_ root: Int) throws(MPIError) {
    if root != 0 { throw .noSuchRank(root, size: 1) }
  }
}
