import Synchronization
import Text

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// SIGTERM, SIGINT, SIGUSR1 and SIGHUP ask a job to stop: schedulers send them before the time limit, and mpirun
/// passes them on to all ranks. The job saves what it has, and ends with an exit code that says: start me again.
///
/// No thread that computes ever runs a signal handler: it may be inside code that oneDNN generated, which does not
/// keep its stack as a handler needs it. All threads block these signals, and one that does nothing else waits for
/// them; the others look at what it noted between two steps.
public enum StopSignal {
  /// The exit code of a job that was asked to stop: sysexits.h calls it EX_TEMPFAIL, "try again later".
  public static let exitCode: Int32 = 75

  private static let numbers = [SIGTERM, SIGINT, SIGUSR1, SIGHUP]
  private static let isListening = Atomic(false)
  private static let first = Atomic<Int32>(0)
  private static let isHeeded = Atomic(false)

  /// From now on these signals no longer end the process, but for a second SIGINT. Call it on the main thread before
  /// MPI or anything else makes threads, which inherit what it blocks. What was received stays so: it also stops what
  /// would follow.
  public static func listen() {
    guard !isListening.exchange(true, ordering: .relaxed) else { return }
    var mask = waitedFor
    pthread_sigmask(SIG_BLOCK, &mask, nil)
    var thread = pthread_t()
    pthread_create(&thread, nil, { _ in StopSignal.wait() }, nil)
  }

  /// The signal that this process has received first; 0 for none.
  public static var received: Int32 { first.load(ordering: .relaxed) }

  /// As people know it: `SIGTERM` …
  public static func name(of number: Int32) -> String {
    switch number {
    case SIGTERM: "SIGTERM"
    case SIGINT: "SIGINT"
    case SIGUSR1: "SIGUSR1"
    case SIGHUP: "SIGHUP"
    default: "signal \(number)"
    }
  }

  /// What ends a job that a signal asked to stop; all ranks throw it.
  /// - Parameter sentence: what rank 0 prints; nil for nothing, where it was said before.
  public static func end(_ sentence: String?) -> EndOfProcess {
    isHeeded.store(true, ordering: .relaxed)
    return EndOfProcess(code: exitCode, sentence: sentence)
  }

  /// The end of a job that has nothing to save.
  /// - Parameter number: the signal.
  public static func end(by number: Int32) -> EndOfProcess {
    end("stopped by \(name(of: number)): start the same command again")
  }

  /// A place where a job may be left with nothing to save; collective.
  /// - Throws: `EndOfProcess` on all ranks, where any has received a signal.
  public static func check(_ group: any ProcessGroup) throws {
    if let number = try wasReceived(by: group) { throw end(by: number) }
  }

  /// The signal that any rank has received; the same answer on every rank. Collective.
  public static func wasReceived(by group: any ProcessGroup) throws(MPIError) -> Int32? {
    var number = [received]
    try group.maximum(&number)
    return number[0] == 0 ? nil : number[0]
  }

  /// Ends work of which any rank has left out a part, since a signal asked it to; collective.
  /// - Parameter isWhole: whether this rank did all of its part.
  package static func require(isWhole: Bool, on group: any ProcessGroup) throws {
    var number = [isWhole ? 0 : received]
    try group.maximum(&number)
    if number[0] != 0 { throw end(by: number[0]) }
  }

  // MARK: The thread that waits

  private static var waitedFor: sigset_t {
    var mask = sigset_t()
    sigemptyset(&mask)
    // `nohup` has SIGHUP ignored, and so it stays.
    for number in numbers where number != SIGHUP || !isIgnored(number) { sigaddset(&mask, number) }
    return mask
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static func wait() -> Never {
    var mask = waitedFor
    var interrupts = 0
    while true {
      var details = siginfo_t()
      let number = sigwaitinfo(&mask, &details)
      guard number > 0 else { continue }
      _ = first.compareExchange(expected: 0, desired: number, ordering: .relaxed)
      if number == SIGINT { interrupts += 1 }
      if interrupts > 1 { endAtOnce() }
      if number == SIGTERM, LostPeer.isLauncher(process: details._sifields._kill.si_pid) { watchTheEnd() }
    }
  }

  /// The default action of SIGINT.
  private static func endAtOnce() {
    signal(SIGINT, SIG_DFL)
    var mask = sigset_t()
    sigemptyset(&mask)
    sigaddset(&mask, SIGINT)
    pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    kill(getpid(), SIGINT)
  }

  /// After its SIGTERM mpirun kills within a second, be it that it was stopped or that a rank has died, for whom the
  /// others wait in vain. Of the second nobody has spoken.
  private static func watchTheEnd() {
    for _ in 0..<10 {
      if LostPeer.isTold { _exit(1) }
      usleep(50_000)
    }
    if CaravanRun.isThere || isHeeded.load(ordering: .relaxed) || !LostPeer.isFirstToTell() { return }
    MPIRuntime.printError(
      "rank \(MPIRuntime.launchedRank) on host \(MPIRuntime.hostname): mpirun ends the job: it was stopped, or one of "
        + "its ranks was killed: start the same command again")
  }
}
