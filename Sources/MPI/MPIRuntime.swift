import CMPI
import Text

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
  public static var isUnderLauncher: Bool {
    let names = [
      "OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMIX_NAMESPACE", "PMI_RANK", "PMI_SIZE", "MV2_COMM_WORLD_SIZE",
    ]
    return names.contains { environment($0) != nil }
  }

  /// Checks that a process which is a job of its own was not started as one of several: those would all do the same
  /// work, and write over one another.
  /// - Throws: `MPIError.startedSideBySide`.
  public static func requireOneJob(_ group: any ProcessGroup) throws(MPIError) {
    guard group.size == 1, environment("OMPI_COMM_WORLD_SIZE") == nil else { return }
    for (launcher, variable) in startersOfSteps {
      if let count = number(named: [variable]), count > 1 {
        throw .startedSideBySide(launcher: launcher, processes: count, variable: variable)
      }
    }
    if launchedRank > 0 { throw .loneRank(launchedRank) }
  }

  /// What starts the processes of a step whether or not MPI can see it, and how it tells how many there are.
  private static let startersOfSteps = [
    ("srun", "SLURM_STEP_NUM_TASKS"), ("flux", "FLUX_JOB_SIZE"), ("jsrun", "JSM_NAMESPACE_SIZE"),
    ("a launcher", "PMI_SIZE"), ("a launcher", "MV2_COMM_WORLD_SIZE"),
  ]

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
  /// If `body` throws, the whole job ends with exit code 1 and one line on standard error; but `EndOfProcess`, which
  /// all ranks throw together, ends it in order, with the code that it names.
  public static func run(_ body: (any ProcessGroup) throws -> Void) {
    guard isUnderLauncher else { return runAlone(body) }
    do {
      let world = try start()
      var end: EndOfProcess?
      do {
        try body(world)
      } catch let asked as EndOfProcess {
        end = asked
      } catch {
        fail(error, rank: world.rank)
      }
      if world.rank == 0, let sentence = end?.sentence { printError(sentence) }
      fflush(nil)
      if let end, end.code != 0 { try endQuietly(world, code: end.code) }
      try world.free()
      try check(cmpi_stop(), "MPI_Finalize")
      if let end { exit(end.code) }
    } catch {
      fail(error, rank: launchedRank)
    }
  }

  /// Ends all ranks with a code, where `mpirun` would say in thirteen lines that they exited with one: once all have
  /// come here, rank 0 ends the job for them. Returns where another launcher waits for each rank's own code.
  private static func endQuietly(_ world: Communicator, code: Int32) throws(MPIError) {
    guard cmpi_aborts_quietly() != 0, environment("OMPI_COMM_WORLD_SIZE") != nil else { return }
    try world.barrier()
    if world.rank == 0 { cmpi_abort(cmpi_world(), code) }
    // The launcher's SIGTERM ends the others, which may have kept it for a request to stop.
    signal(SIGTERM, SIG_DFL)
    var mask = sigset_t()
    sigemptyset(&mask)
    sigaddset(&mask, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    sleep(10)
  }

  private static func runAlone(_ body: (any ProcessGroup) throws -> Void) {
    do {
      try body(SoloGroup())
    } catch let end as EndOfProcess {
      if let sentence = end.sentence { printError(sentence) }
      exit(end.code)
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
    var ours = cmpi_comm(), watched = cmpi_comm()
    try check(cmpi_duplicate(cmpi_world(), &ours), "MPI_Comm_dup")
    try check(cmpi_duplicate(cmpi_world(), &watched), "MPI_Comm_dup")
    let world = try Communicator(handle: ours, RollCall(watched))
    if let claimed = launchedSize, claimed > 1, world.size == 1 { throw .wrongLauncher(claimedRanks: claimed) }
    world.rollCall.hosts = try hosts(of: world)
    return world
  }

  /// The host of every rank.
  private static func hosts(of world: Communicator) throws(MPIError) -> [String] {
    let length = 64
    var own = [UInt8](repeating: 0, count: length)
    for (place, byte) in hostname.utf8.prefix(length).enumerated() { own[place] = byte }
    let names = try world.allGather(own, counts: [Int](repeating: length, count: world.size))
    return stride(from: 0, to: names.count, by: length).map { start in
      String(decoding: names[start..<start + length].prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// Reports the error and ends the job.
  ///
  /// Ranks often fail together and for the same cause. Each waits longer than the one before it, and the first to
  /// abort takes the others with it, so that one line comes out. A rank that only heard of a peer's
  /// failure says nothing and gives that peer the time to speak, as does one that is not the first of its node.
  private static func fail(_ error: any Error, rank: Int) -> Never {
    fflush(nil)
    if case .some(.peerFailed) = error as? MPIError {
      sleep(6)
    } else {
      usleep(UInt32(min(rank * 250_000, 3_000_000)))
      if LostPeer.isFirstToTell() {
        printError("rank \(rank) on host \(hostname.prefix(30)): \(sentence(error))")
      } else {
        sleep(6)
      }
    }
    let code = exitCode(of: error)
    cmpi_abort(cmpi_world(), code)
    exit(code)
  }

  /// 69, sysexits.h's EX_UNAVAILABLE, where a rank or the network was lost: the same command may go well when it is
  /// started again. 1 where it would fail again.
  private static func exitCode(of error: any Error) -> Int32 {
    if let error = error as? any PassingFailure { return error.passes ? lostCode : 1 }
    return switch error as? MPIError {
    case .failed, .noAnswer: lostCode
    default: 1
    }
  }

  /// The exit code of a job that lost a rank, or the way to it.
  public static let lostCode: Int32 = 69

  /// The error on one line.
  private static func sentence(_ error: any Error) -> String {
    errorLine(String(describing: error))
  }

  /// One write, so that lines of several ranks do not mix.
  static func printError(_ text: String) {
    let program = CommandLine.arguments.first?.split(separator: "/").last ?? "caravan"
    StandardError.print("\(program): \(text)\n")
  }

  private static func number(named names: [String]) -> Int? {
    names.lazy.compactMap { environment($0).flatMap { Int($0) } }.first
  }

  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// An error that may pass by itself: the job ends with `MPIRuntime.lostCode`.
public protocol PassingFailure: Error {
  var passes: Bool { get }
}
