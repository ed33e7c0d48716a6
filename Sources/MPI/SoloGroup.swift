/// A group of one process, without MPI: `caravan train` works with no launcher and no MPI daemon.
public final class SoloGroup: ProcessGroup {
  public init() {}

  public var rank: Int { 0 }
  public var size: Int { 1 }
  public var bytesSent: Int { 0 }
  public var timeWaited: Duration { .zero }

  public func barrier() {}

  public func broadcast<E: MPIElement>(
    _ data: UnsafeMutableBufferPointer<E>, from root: Int
  ) throws(MPIError) {
    try requireSelf(root)
  }

  public func allReduce<E: MPIElement>(
    inPlace data: UnsafeMutableBufferPointer<E>, _ operation: ReductionOperator
  ) {}

  public func allGather<E: MPIElement>(inPlace data: UnsafeMutableBufferPointer<E>, counts: [Int]) {
    requireBlocks(counts, of: data.count)
  }

  public func reduceScatter<E: MPIElement>(
    _ mine: UnsafeBufferPointer<E>, counts: [Int], into own: UnsafeMutableBufferPointer<E>,
    _ operation: ReductionOperator
  ) {
    requireBlocks(counts, of: mine.count)
    copy(mine, to: own)
  }

  public func send<E: MPIElement>(
    _ data: UnsafeBufferPointer<E>, to peer: Int, tag: Int
  ) throws(MPIError) {
    throw .noSuchRank(peer, size: 1)
  }

  public func receive<E: MPIElement>(
    into data: UnsafeMutableBufferPointer<E>, from peer: Int, tag: Int
  ) throws(MPIError) {
    throw .noSuchRank(peer, size: 1)
  }

  public func exchange(_ transfers: [Transfer], while work: () -> Void) throws(MPIError) {
    if let transfer = transfers.first { throw .noSuchRank(transfer.peer, size: 1) }
    work()
  }

  public func split(color: Int?, key: Int) -> (any ProcessGroup)? { color == nil ? nil : SoloGroup() }

  public func splitByNode() -> any ProcessGroup { SoloGroup() }

  private func requireSelf(_ root: Int) throws(MPIError) {
    if root != 0 { throw .noSuchRank(root, size: 1) }
  }
}
