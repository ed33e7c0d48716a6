import CMPI

extension Communicator {
  public func barrier() throws(MPIError) {
    try check(cmpi_barrier(handle), "MPI_Barrier")
  }

  public func broadcast<E: MPIElement>(
    _ data: UnsafeMutableBufferPointer<E>, from root: Int
  ) throws(MPIError) {
    if rank == root { bytesSent += (size - 1) * data.count * MemoryLayout<E>.stride }
    for piece in pieces(of: data.count) {
      let base = data.baseAddress! + piece.lowerBound
      let status = cmpi_broadcast(base, Int32(piece.count), E.datatype.handle, Int32(root), handle)
      try check(status, "MPI_Bcast")
    }
  }

  public func allReduce<E: MPIElement>(
    inPlace data: UnsafeMutableBufferPointer<E>, _ operation: ReductionOperator
  ) throws(MPIError) {
    bytesSent += 2 * (size - 1) * data.count * MemoryLayout<E>.stride / size
    for piece in pieces(of: data.count) {
      let base = data.baseAddress! + piece.lowerBound
      let status = cmpi_all_reduce_in_place(
        base, Int32(piece.count), E.datatype.handle, operation.handle, handle)
      try check(status, "MPI_Allreduce")
    }
  }

  /// One MPI_Allgatherv where offsets fit its 32 bits. Beyond, every rank sends its block straight to all others:
  /// the same bytes arrive, and the exchange cuts each message by itself. All ranks know all counts, so all take
  /// the same branch.
  public func allGather<E: MPIElement>(
    inPlace data: UnsafeMutableBufferPointer<E>, counts: [Int]
  ) throws(MPIError) {
    requireBlocks(counts, of: data.count)
    guard data.count > elementsPerCall else {
      bytesSent += (size - 1) * counts[rank] * MemoryLayout<E>.stride
      let starts = blockStarts(counts).map { Int32($0) }
      let status = cmpi_all_gather_in_place(
        data.baseAddress, counts.map { Int32($0) }, starts, E.datatype.handle, handle)
      return try check(status, "MPI_Allgatherv")
    }
    let starts = blockStarts(counts)
    let own = UnsafeBufferPointer(block(of: data, start: starts[rank], count: counts[rank]))
    var transfers: [Transfer] = []
    for peer in 0..<size where peer != rank {
      transfers.append(.receive(into: block(of: data, start: starts[peer], count: counts[peer]), from: peer))
      transfers.append(.send(own, to: peer))
    }
    try exchange(transfers)
  }

  /// One MPI_Reduce_scatter where it can take the whole buffer; beyond, one MPI_Reduce to each owner, in pieces.
  public func reduceScatter<E: MPIElement>(
    _ mine: UnsafeBufferPointer<E>, counts: [Int], into own: UnsafeMutableBufferPointer<E>,
    _ operation: ReductionOperator
  ) throws(MPIError) {
    requireBlocks(counts, of: mine.count)
    precondition(own.count == counts[rank], "rank \(rank) owns \(counts[rank]) elements, not \(own.count)")
    bytesSent += (mine.count - own.count) * MemoryLayout<E>.stride
    guard mine.count > elementsPerCall else {
      let status = cmpi_reduce_scatter(
        mine.baseAddress, own.baseAddress, counts.map { Int32($0) }, E.datatype.handle, operation.handle, handle)
      return try check(status, "MPI_Reduce_scatter")
    }
    for (owner, start) in blockStarts(counts).enumerated() {
      for piece in pieces(of: counts[owner]) {
        let total = owner == rank ? own.baseAddress! + piece.lowerBound : nil
        let status = cmpi_reduce(
          mine.baseAddress! + start + piece.lowerBound, total, Int32(piece.count), E.datatype.handle,
          operation.handle, Int32(owner), handle)
        try check(status, "MPI_Reduce")
      }
    }
  }
}
