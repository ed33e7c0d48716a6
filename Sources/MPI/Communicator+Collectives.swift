import CMPI

extension Communicator {
  /// MPI_Ibarrier.
  public func barrier() throws(MPIError) {
    try complete("MPI_Ibarrier") { cmpi_start_barrier(handle, $0) }
  }

  /// MPI_Ibcast, in pieces where the buffer is long.
  public func broadcast<E: MPIElement>(
    _ data: UnsafeMutableBufferPointer<E>, from root: Int
  ) throws(MPIError) {
    if rank == root { bytesSent += (size - 1) * data.count * MemoryLayout<E>.stride }
    for piece in pieces(of: data.count) {
      let base = data.baseAddress! + piece.lowerBound
      try complete("MPI_Ibcast") {
        cmpi_start_broadcast(base, Int32(piece.count), E.datatype.handle, Int32(root), handle, $0)
      }
    }
  }

  /// MPI_Iallreduce in place, in pieces where the buffer is long.
  public func allReduce<E: MPIElement>(
    inPlace data: UnsafeMutableBufferPointer<E>, _ operation: ReductionOperator
  ) throws(MPIError) {
    bytesSent += 2 * (size - 1) * data.count * MemoryLayout<E>.stride / size
    for piece in pieces(of: data.count) {
      let base = data.baseAddress! + piece.lowerBound
      try complete("MPI_Iallreduce") {
        cmpi_start_all_reduce_in_place(base, Int32(piece.count), E.datatype.handle, operation.handle, handle, $0)
      }
    }
  }

  /// One MPI_Iallgatherv where offsets fit its 32 bits. Beyond, every rank sends its block straight to all others:
  /// the same bytes arrive, and the exchange cuts each message by itself. All ranks know all counts, so all take
  /// the same branch.
  public func allGather<E: MPIElement>(
    inPlace data: UnsafeMutableBufferPointer<E>, counts: [Int]
  ) throws(MPIError) {
    requireBlocks(counts, of: data.count)
    guard data.count > elementsPerCall else {
      bytesSent += (size - 1) * counts[rank] * MemoryLayout<E>.stride
      // Both arrays must outlive the call that starts it.
      return try withIntegers(counts, blockStarts(counts)) { (counts, starts) throws(MPIError) in
        try complete("MPI_Iallgatherv") {
          cmpi_start_all_gather_in_place(data.baseAddress, counts, starts, E.datatype.handle, handle, $0)
        }
      }
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

  /// One MPI_Ireduce_scatter where it can take the whole buffer; beyond, one MPI_Ireduce to each owner, in pieces.
  public func reduceScatter<E: MPIElement>(
    _ mine: UnsafeBufferPointer<E>, counts: [Int], into own: UnsafeMutableBufferPointer<E>,
    _ operation: ReductionOperator
  ) throws(MPIError) {
    requireBlocks(counts, of: mine.count)
    precondition(own.count == counts[rank], "rank \(rank) owns \(counts[rank]) elements, not \(own.count)")
    bytesSent += (mine.count - own.count) * MemoryLayout<E>.stride
    guard mine.count > elementsPerCall else {
      return try withIntegers(counts, []) { (counts, _) throws(MPIError) in
        try complete("MPI_Ireduce_scatter") {
          cmpi_start_reduce_scatter(
            mine.baseAddress, own.baseAddress, counts, E.datatype.handle, operation.handle, handle, $0)
        }
      }
    }
    for (owner, start) in blockStarts(counts).enumerated() {
      for piece in pieces(of: counts[owner]) {
        let total = owner == rank ? own.baseAddress! + piece.lowerBound : nil
        try complete("MPI_Ireduce") {
          cmpi_start_reduce(
            mine.baseAddress! + start + piece.lowerBound, total, Int32(piece.count), E.datatype.handle,
            operation.handle, Int32(owner), handle, $0)
        }
      }
    }
  }
}

/// MPI's 32-bit integers, at places that stay while `body` runs.
private func withIntegers(
  _ first: [Int], _ second: [Int],
  _ body: (UnsafePointer<Int32>?, UnsafePointer<Int32>?) throws(MPIError) -> Void
) throws(MPIError) {
  let (first, second) = (first.map { Int32($0) }, second.map { Int32($0) })
  try first.withUnsafeBufferPointer { (first) throws(MPIError) in
    try second.withUnsafeBufferPointer { (second) throws(MPIError) in
      try body(first.baseAddress, second.baseAddress)
    }
  }
}
