// What callers use most: whole arrays and strings instead of pointers, and agreeing on failure.

extension ProcessGroup {
  /// Copies the values of `root` to all ranks, whose arrays have the same length.
  public func broadcast<E: MPIElement>(_ values: inout [E], from root: Int) throws(MPIError) {
    try values.withUnsafeMutableBufferPointer { (data) throws(MPIError) in
      try broadcast(data, from: root)
    }
  }

  /// Copies the values of `root` to all ranks, whatever length their arrays had. Also the way to send a file.
  public func broadcast<E: MPIElement & Numeric>(resizing values: inout [E], from root: Int) throws(MPIError) {
    var count = [values.count]
    try broadcast(&count, from: root)
    if rank != root { values = [E](repeating: 0, count: count[0]) }
    try broadcast(&values, from: root)
  }

  /// Copies the string of `root` to all ranks.
  public func broadcast(_ text: inout String, from root: Int) throws(MPIError) {
    var bytes = Array(text.utf8)
    try broadcast(resizing: &bytes, from: root)
    if rank != root { text = String(decoding: bytes, as: UTF8.self) }
  }

  /// The maximum over all ranks, element by element; arrays have the same length everywhere.
  public func maximum<E: MPIElement>(_ values: inout [E]) throws(MPIError) {
    try values.withUnsafeMutableBufferPointer { (data) throws(MPIError) in
      try allReduce(inPlace: data, .maximum)
    }
  }

  /// The sum over all ranks, element by element. Integers only: their sum has no order.
  public func sum<E: MPIElement & FixedWidthInteger>(_ values: inout [E]) throws(MPIError) {
    try values.withUnsafeMutableBufferPointer { (data) throws(MPIError) in
      try allReduce(inPlace: data, .sum)
    }
  }

  /// The values of all ranks, in rank order, and how many each had; collective.
  /// - Parameter own: as many as this rank has.
  public func allGather<E: MPIElement & Numeric>(_ own: [E]) throws(MPIError) -> (all: [E], counts: [Int]) {
    var counts = [Int](repeating: 0, count: size)
    counts[rank] = own.count
    try sum(&counts)
    return (try allGather(own, counts: counts), counts)
  }

  /// The values of all ranks, in rank order; collective.
  /// - Parameter counts: how many each rank has, equal on all ranks.
  public func allGather<E: MPIElement & Numeric>(_ own: [E], counts: [Int]) throws(MPIError) -> [E] {
    if size == 1 { return own }
    let first = blockStarts(counts)[rank]
    var all = [E](repeating: 0, count: counts.reduce(0, +))
    all.replaceSubrange(first..<first + own.count, with: own)
    try all.withUnsafeMutableBufferPointer { (all) throws(MPIError) in
      try allGather(inPlace: all, counts: counts)
    }
    return all
  }

  /// Sends a block of values to every rank; collective.
  /// - Parameters:
  ///   - counts: the length of the block for each rank, with the sum `values.count`.
  ///   - receiveCounts: the length of the block from each rank: see `exchangeCounts`.
  /// - Returns: what came from all ranks, in rank order.
  public func allToAll<E: MPIElement & Numeric>(
    _ values: [E], counts: [Int], receiveCounts: [Int]
  ) throws(MPIError) -> [E] {
    var received = [E](repeating: 0, count: receiveCounts.reduce(0, +))
    try values.withUnsafeBufferPointer { (values) throws(MPIError) in
      try received.withUnsafeMutableBufferPointer { (received) throws(MPIError) in
        try allToAll(send: values, counts: counts, receive: received, counts: receiveCounts)
      }
    }
    return received
  }

  /// How much each rank has for this one; collective.
  /// - Parameter counts: how much this rank has for each.
  public func exchangeCounts(_ counts: [Int]) throws(MPIError) -> [Int] {
    let ones = [Int](repeating: 1, count: size)
    return try allToAll(counts, counts: ones, receiveCounts: ones)
  }

  /// Lets all ranks learn whether some rank failed a step of its own; collective.
  ///
  /// Where rank 0 reads a file and the others wait for it, a failure must reach them too.
  /// - Parameter error: what this rank's step threw, nil if it went well.
  /// - Throws: on a rank that failed its own error, on the others `MPIError.peerFailed`; nothing if none failed.
  public func agree(_ error: (any Error)?) throws {
    var firstFailed = [error == nil ? size : rank]
    try firstFailed.withUnsafeMutableBufferPointer { (data) throws(MPIError) in
      try allReduce(inPlace: data, .minimum)
    }
    if let error { throw error }
    if firstFailed[0] < size { throw MPIError.peerFailed(rank: firstFailed[0]) }
  }

  /// Runs a step that may fail on some ranks only, and returns when it went well on all; collective.
  /// - Parameter step: makes no collective call itself, since a rank that failed would not join in.
  /// - Throws: what `agree` throws.
  public func together<R>(_ step: () throws -> R) throws -> R {
    let outcome = Result { try step() }
    if case .failure(let error) = outcome { try agree(error) } else { try agree(nil) }
    return try outcome.get()
  }
}
