import CMPI

/// How ranks that wait find out who does not: over messages of their own, which every rank answers as long as it waits,
/// whatever for. A rank that computes, is stopped or cut off does not.
///
/// MPI belongs to one thread, so a rank asks and answers between two looks at what it waits for.
final class RollCall {
  /// The hosts of all ranks of the job.
  var hosts: [String]
  private let world: cmpi_comm
  private let rank: Int
  private var present: Set<Int> = []

  private static let question: Int32 = 1
  private static let answer: Int32 = 2

  /// - Parameter world: a communicator of all ranks that nothing else uses.
  init(_ world: cmpi_comm) throws(MPIError) {
    var rank: Int32 = 0, size: Int32 = 0
    try check(cmpi_rank(world, &rank), "MPI_Comm_rank")
    try check(cmpi_size(world, &size), "MPI_Comm_size")
    self.world = world
    self.rank = Int(rank)
    hosts = [String](repeating: "?", count: Int(size))
  }

  /// Asks all ranks whether they wait.
  func ask() throws(MPIError) {
    // What came of an earlier call is of no meaning now.
    try listen()
    present = [rank]
    for peer in peers { try check(cmpi_post(Int32(peer), Self.question, world), "MPI_Isend") }
  }

  /// Answers those who ask, and hears who has answered.
  func listen() throws(MPIError) {
    for peer in peers {
      var came: Int32 = 0
      repeat {
        try check(cmpi_take_post(Int32(peer), Self.question, world, &came), "MPI_Iprobe")
        if came != 0 { try check(cmpi_post(Int32(peer), Self.answer, world), "MPI_Isend") }
      } while came != 0
      repeat {
        try check(cmpi_take_post(Int32(peer), Self.answer, world, &came), "MPI_Iprobe")
        if came != 0 { present.insert(peer) }
      } while came != 0
    }
  }

  /// What is known once those who wait have had the time to answer.
  /// - Parameters:
  ///   - group: who should have come to the call that does not end.
  ///   - waited: for how long already.
  func silence(in group: cmpi_comm, size: Int, waited: Duration) throws(MPIError) -> Silence {
    var members: [Int] = []
    for member in 0..<size {
      var global: Int32 = 0
      try check(cmpi_rank_in(group, Int32(member), world, &global), "MPI_Group_translate_ranks")
      members.append(Int(global))
    }
    return Silence(
      activity: Activity.current, waited: waited, waiting: present.sorted(),
      missing: members.filter { !present.contains($0) }.map { ($0, hosts[$0]) })
  }

  private var peers: some Sequence<Int> { hosts.indices.lazy.filter { [rank] in $0 != rank } }
}
