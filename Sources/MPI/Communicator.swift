import CMPI

/// A group of processes over MPI.
///
/// Few exist: the runtime's duplicate of the world, and what is split from it. None is freed in `deinit`, for
/// freeing is collective and the moment of a release is not a contract; `free()` does it, or the end of MPI.
public final class Communicator: ProcessGroup {
  /// MPI_Comm_rank's answer.
  public let rank: Int
  /// MPI_Comm_size's answer.
  public let size: Int
  /// Counted as each call is made; a group that is split off counts its own.
  public internal(set) var bytesSent = 0
  /// The time in which this rank did nothing but wait; a group that is split off counts its own.
  public internal(set) var timeWaited = Duration.zero

  /// The most elements that one MPI call is given: longer buffers go in pieces, cut alike on all ranks. MPI's
  /// counts have 32 bits; 2^27 elements of 8 bytes keep the bytes below 2^31 as well, beyond which MPI libraries
  /// have had errors of their own. Tests lower it.
  package var elementsPerCall = 1 << 27

  let handle: cmpi_comm
  /// Who is asked when a message does not come.
  let rollCall: RollCall
  /// Kept between exchanges, so that a step allocates nothing once warm.
  private var requests: [cmpi_request] = []

  init(handle: cmpi_comm, _ rollCall: RollCall) throws(MPIError) {
    var rank: Int32 = 0
    var size: Int32 = 0
    try check(cmpi_rank(handle, &rank), "MPI_Comm_rank")
    try check(cmpi_size(handle, &size), "MPI_Comm_size")
    self.handle = handle
    self.rollCall = rollCall
    self.rank = Int(rank)
    self.size = Int(size)
  }

  /// A barrier, then MPI_Comm_split; collective.
  public func split(color: Int?, key: Int) throws(MPIError) -> (any ProcessGroup)? {
    precondition(color ?? 0 >= 0, "the color of a group is not negative, but \(color ?? 0) is")
    // MPI_Comm_split waits inside MPI: not before all are there.
    try barrier()
    var group = cmpi_comm()
    try check(cmpi_split(handle, color.map { Int32($0) } ?? -1, Int32(key), &group), "MPI_Comm_split")
    return cmpi_is_null(group) != 0 ? nil : try child(group)
  }

  /// A barrier, then MPI_Comm_split_type by shared memory; collective.
  public func splitByNode() throws(MPIError) -> any ProcessGroup {
    try barrier()
    var group = cmpi_comm()
    try check(cmpi_split_by_node(handle, Int32(rank), &group), "MPI_Comm_split_type")
    return try child(group)
  }

  /// Gives the group's resources back; collective. The group must not be used afterwards.
  public func free() throws(MPIError) {
    try barrier()
    var handle = handle
    try check(cmpi_free(&handle), "MPI_Comm_free")
  }

  private func child(_ handle: cmpi_comm) throws(MPIError) -> Communicator {
    let group = try Communicator(handle: handle, rollCall)
    group.elementsPerCall = elementsPerCall
    return group
  }

  // MARK: Point to point

  /// MPI_Isend, in pieces where the buffer is long; returns when the buffer may be changed.
  /// - Throws: `MPIError.noAnswer` where the peer is silent for too long.
  public func send<E: MPIElement>(
    _ data: UnsafeBufferPointer<E>, to peer: Int, tag: Int
  ) throws(MPIError) {
    precondition((0...largestTag).contains(tag), "tag \(tag) is outside 0 ... \(largestTag)")
    bytesSent += data.count * MemoryLayout<E>.stride
    for piece in pieces(of: data.count) {
      let base = data.baseAddress! + piece.lowerBound
      try complete("MPI_Isend") {
        cmpi_start_send(base, Int32(piece.count), E.datatype.handle, Int32(peer), Int32(tag), handle, $0)
      }
    }
  }

  /// MPI_Irecv, in pieces where the buffer is long; returns when all of it has come.
  /// - Throws: `MPIError.noAnswer` where the peer is silent for too long.
  public func receive<E: MPIElement>(
    into data: UnsafeMutableBufferPointer<E>, from peer: Int, tag: Int
  ) throws(MPIError) {
    precondition((0...largestTag).contains(tag), "tag \(tag) is outside 0 ... \(largestTag)")
    for piece in pieces(of: data.count) {
      let base = data.baseAddress! + piece.lowerBound
      try complete("MPI_Irecv") {
        cmpi_start_receive(base, Int32(piece.count), E.datatype.handle, Int32(peer), Int32(tag), handle, $0)
      }
    }
  }

  /// All receives, then all sends, then `work`; returns when every message is done.
  /// - Throws: `MPIError.noAnswer` where a peer is silent for too long.
  public func exchange(_ transfers: [Transfer], while work: () -> Void) throws(MPIError) {
    requests.removeAll(keepingCapacity: true)
    // Receives first, so that what arrives finds its place instead of waiting in MPI's own memory.
    for transfer in transfers where !transfer.isSend { try start(transfer) }
    for transfer in transfers where transfer.isSend { try start(transfer) }
    work()
    // One after another: all of them progress during each wait, so the order costs nothing.
    for index in requests.indices { try wait(for: &requests[index], of: "an exchange") }
  }

  private func start(_ transfer: Transfer) throws(MPIError) {
    let tag = Int32(largestTag + 1)
    let type = transfer.datatype.handle
    if transfer.isSend { bytesSent += transfer.count * transfer.stride }
    for piece in pieces(of: transfer.count) {
      let base = transfer.base! + piece.lowerBound * transfer.stride
      var request = cmpi_request()
      let count = Int32(piece.count)
      if transfer.isSend {
        let status = cmpi_start_send(base, count, type, Int32(transfer.peer), tag, handle, &request)
        try check(status, "MPI_Isend")
      } else {
        let status = cmpi_start_receive(base, count, type, Int32(transfer.peer), tag, handle, &request)
        try check(status, "MPI_Irecv")
      }
      requests.append(request)
    }
  }

  /// The ranges of at most `elementsPerCall` elements that make up `count`.
  func pieces(of count: Int) -> some Sequence<Range<Int>> {
    let limit = elementsPerCall
    return stride(from: 0, to: count, by: limit).lazy.map { $0..<min($0 + limit, count) }
  }
}
