// The collectives over unequal blocks that are made of one exchange, the same for every group.

extension ProcessGroup {
  /// Collects the blocks of all ranks on `root`, in rank order.
  /// - Parameters:
  ///   - counts: the length of each rank's block, equal on all ranks.
  ///   - all: on `root`, room for the sum of `counts`; not read elsewhere. `mine` may be its own block there.
  public func gather<E: MPIElement>(
    _ mine: UnsafeBufferPointer<E>, counts: [Int], into all: UnsafeMutableBufferPointer<E>?, at root: Int
  ) throws(MPIError) {
    precondition(counts.count == size, "\(counts.count) blocks for \(size) ranks")
    precondition(mine.count == counts[rank], "rank \(rank) has \(mine.count) elements, not \(counts[rank])")
    guard rank == root else { return try exchange([.send(mine, to: root)]) }
    guard let all else { preconditionFailure("the root of a gather needs a buffer for all blocks") }
    requireBlocks(counts, of: all.count)
    var transfers: [Transfer] = []
    for (peer, start) in blockStarts(counts).enumerated() {
      let block = block(of: all, start: start, count: counts[peer])
      if peer == rank { copy(mine, to: block) } else { transfers.append(.receive(into: block, from: peer)) }
    }
    try exchange(transfers)
  }

  /// Hands the blocks of all ranks to `body` on `root`, in rank order and in pieces, so that `root` never holds them
  /// all; collective.
  ///
  /// If `body` fails, what is still to come is received and forgotten, so that no rank waits for ever.
  /// - Parameter counts: the length of each rank's block, equal on all ranks.
  /// - Throws: on `root` what `body` threw first; or an `MPIError`.
  public func stream<E: MPIElement>(
    _ mine: UnsafeBufferPointer<E>, counts: [Int], to root: Int, pieceCount: Int = 1 << 20,
    _ body: (UnsafeBufferPointer<E>) throws -> Void
  ) throws {
    precondition(mine.count == counts[rank], "rank \(rank) has \(mine.count) elements, not \(counts[rank])")
    func pieces(of count: Int) -> [Range<Int>] {
      stride(from: 0, to: count, by: pieceCount).map { $0..<min($0 + pieceCount, count) }
    }
    guard rank == root else {
      for piece in pieces(of: mine.count) {
        try exchange([.send(UnsafeBufferPointer(rebasing: mine[piece]), to: root)])
      }
      return
    }
    let arriving = UnsafeMutableBufferPointer<E>.allocate(capacity: pieceCount)
    defer { arriving.deallocate() }
    var failure: (any Error)?
    for (peer, count) in counts.enumerated() {
      for piece in pieces(of: count) {
        let room = UnsafeMutableBufferPointer(rebasing: arriving[..<piece.count])
        if peer != rank { try exchange([.receive(into: room, from: peer)]) }
        guard failure == nil else { continue }
        do {
          try body(peer == rank ? UnsafeBufferPointer(rebasing: mine[piece]) : UnsafeBufferPointer(room))
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
  }

  /// Gives each rank its block of `all`, in rank order.
  /// - Parameters:
  ///   - all: only `root`'s is read.
  ///   - counts: the length of each rank's block, equal on all ranks.
  public func scatter<E: MPIElement>(
    _ all: UnsafeBufferPointer<E>, counts: [Int], into own: UnsafeMutableBufferPointer<E>, from root: Int
  ) throws(MPIError) {
    precondition(own.count == counts[rank], "rank \(rank) takes \(own.count) elements, not \(counts[rank])")
    guard rank == root else { return try exchange([.receive(into: own, from: root)]) }
    requireBlocks(counts, of: all.count)
    var transfers: [Transfer] = []
    for (peer, start) in blockStarts(counts).enumerated() {
      let block = UnsafeBufferPointer(rebasing: all[start..<start + counts[peer]])
      if peer == rank { copy(block, to: own) } else { transfers.append(.send(block, to: peer)) }
    }
    try exchange(transfers)
  }

  /// Sends a block to every rank and receives one from every rank, both in rank order.
  /// - Parameters:
  ///   - sendCounts: the length of the block for each rank, with the sum `send.count`.
  ///   - receiveCounts: the length of the block from each rank: what that rank has in `sendCounts` for this one.
  public func allToAll<E: MPIElement>(
    send: UnsafeBufferPointer<E>, counts sendCounts: [Int],
    receive: UnsafeMutableBufferPointer<E>, counts receiveCounts: [Int]
  ) throws(MPIError) {
    requireBlocks(sendCounts, of: send.count)
    requireBlocks(receiveCounts, of: receive.count)
    let sendStarts = blockStarts(sendCounts)
    let receiveStarts = blockStarts(receiveCounts)
    var transfers: [Transfer] = []
    for peer in 0..<size {
      let outgoing = UnsafeBufferPointer(rebasing: send[sendStarts[peer]..<sendStarts[peer] + sendCounts[peer]])
      let incoming = block(of: receive, start: receiveStarts[peer], count: receiveCounts[peer])
      if peer == rank {
        precondition(outgoing.count == incoming.count, "a rank's block for itself has two lengths")
        copy(outgoing, to: incoming)
      } else {
        transfers.append(.receive(into: incoming, from: peer))
        transfers.append(.send(outgoing, to: peer))
      }
    }
    try exchange(transfers)
  }

  /// Makes all transfers at once and returns when all are done.
  public func exchange(_ transfers: [Transfer]) throws(MPIError) { try exchange(transfers, while: {}) }

  func requireBlocks(_ counts: [Int], of total: Int) {
    precondition(counts.count == size, "\(counts.count) blocks for \(size) ranks")
    precondition(counts.allSatisfy { $0 >= 0 }, "a block has a negative length: \(counts)")
    precondition(counts.reduce(0, +) == total, "blocks of \(counts) do not make up \(total) elements")
  }
}

/// Where each of the blocks begins when they lie one behind the other.
func blockStarts(_ counts: [Int]) -> [Int] {
  var end = 0
  return counts.map { count in
    defer { end += count }
    return end
  }
}

func block<E>(
  of data: UnsafeMutableBufferPointer<E>, start: Int, count: Int
) -> UnsafeMutableBufferPointer<E> {
  UnsafeMutableBufferPointer(rebasing: data[start..<start + count])
}

/// Copies all of `source`; both may be the same memory.
func copy<E: BitwiseCopyable>(_ source: UnsafeBufferPointer<E>, to target: UnsafeMutableBufferPointer<E>) {
  precondition(source.count == target.count, "\(source.count) elements do not fit \(target.count)")
  guard let from = source.baseAddress, let into = target.baseAddress, from != into else { return }
  into.update(from: from, count: source.count)
}
