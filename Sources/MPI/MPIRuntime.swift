import CMPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Starts and stops MPI: the one place that does.
///
/// MPI is finalized after success only. An uncaught error aborts the job instead, since finalize would wait for
/// peers that sit in a collective.
public enum MPIRuntime {
  /// This process's rank as its launcher tells it, 0 when alone: for use before MPI starts.
  public static var launchedRank: Int {
    number(named: ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK"]) ?? 0
  }

  /// How many processes the launcher says it started; nil without a launcher, or where it does not say.
  static var launchedSize: Int? {
    number(named: ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"])
  }

  /// Whether an MPI launcher started this process.
  static var isLaunched: Bool {
    let names = [
      "OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMIX_NAMESPACE", "PMI_RANK", "PMI_SIZE", "MV2_COMM_WORLD_SIZE",
    ]
    return names.contains { environment($0) != nil }
  }

  /// This host's name, for messages.
  public static var hostname: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer.initialize(repeating: 0)
      guard let name = buffer.baseAddress, gethostname(name, 255) == 0 else { return "unknown" }
      return String(cString: name)
    }
  }

  /// Runs `body` with the group of all processes that the launcher started; with a group of one, and no MPI at
  /// all, when there is no launcher. Call it once, from the main thread.
  ///
  /// If `body` throws, the whole job ends with exit code 1 and one line on standard error.
  public static func run(_ body: (any ProcessGroup) throws -> Void) {
    guard isLaunched else { return runAlone(body) }
    do {
      let world = try start()
      do {
        try body(world)
      } catch {
        fail(error, rank: world.rank)
      }
      fflush(nil)
      try world.free()
      try check(cmpi_stop(), "MPI_Finalize")
    } catch {
      fail(error, rank: launchedRank)
    }
  }

  private static func runAlone(_ body: (any ProcessGroup) throws -> Void) {
    do {
      try body(SoloGroup())
    } catch {
      printError(sentence(error))
      exit(1)
    }
  }

  /// A duplicate of the world, so that no other user of MPI in the process shares our messages.
  private static func start() throws(MPIError) -> Communicator {
    avoidForbiddenCopies()
    var funneled: Int32 = 0
    try check(cmpi_start(&funneled), "MPI_Init_thread")
    if funneled == 0 { throw .threadsUnsupported }
    var duplicate = cmpi_comm()
    try check(cmpi_duplicate(cmpi_world(), &duplicate), "MPI_Comm_dup")
    let world = try Communicator(handle: duplicate)
    if let claimed = launchedSize, claimed > 1, world.size == 1 { throw .wrongLauncher(claimedRanks: claimed) }
    return world
  }

  /// Reports the error and ends the job.
  ///
  /// Ranks often fail together and for the same cause. Each waits longer than the one before it, and the first to
  /// abort takes the others with it, so that one line comes out. A rank that only heard of a peer's
  /// failure says nothing and gives that peer the time to speak.
  private static func fail(_ error: any Error, rank: Int) -> Never {
    fflush(nil)
    if case .some(.peerFailed) = error as? MPIError {
      sleep(6)
    } else {
      usleep(UInt32(min(rank * 250_000, 3_000_000)))
      printError("rank \(rank) on host \(hostname): \(sentence(error))")
    }
    cmpi_abort(cmpi_world(), 1)
    exit(1)
  }

  /// The error on one line.
  private static func sentence(_ error: any Error) -> String {
    String(describing: error).split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  /// One write, so that lines of several ranks do not mix.
  private static func printError(_ text: String) {
    let program = CommandLine.arguments.first?.split(separator: "/").last ?? "caravan"
    let line = Array("\(program): \(text)\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private static func number(named names: [String]) -> Int? {
    names.lazy.compactMap { environment($0).flatMap { Int($0) } }.first
  }

  private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
