import Foundation
import Synchronization
import Text

/// A job under `mpirun`, from its start to its end, and again where ranks or hosts were lost on the way.
package struct LaunchedJob {
  package let launcher: MPILauncher
  /// How many ranks; nil as many as there are slots.
  package let ranks: Int?
  /// nil for this machine, or what a batch system has given.
  package let hosts: [RankHost]?
  package let interface: String?
  /// The program and its arguments.
  package let command: [String]
  /// The same when it is started again.
  package let commandAgain: [String]
  package let environment: [String: String]
  /// This machine's name.
  package let ownName: String
  /// How long ranks may take until all are there. Until then `mpirun` waits for ever for a host that is cut off.
  let patience: Duration

  package init(
    launcher: MPILauncher, ranks: Int?, hosts: [RankHost]?, interface: String? = nil, command: [String],
    commandAgain: [String]? = nil, environment: [String: String] = ProcessInfo.processInfo.environment, ownName: String,
    patience: Duration = .seconds(120)
  ) {
    self.launcher = launcher
    self.ranks = ranks
    self.hosts = hosts
    self.interface = interface
    self.command = command
    self.commandAgain = commandAgain ?? command
    self.environment = environment
    self.ownName = ownName
    self.patience = patience
  }

  /// Exit codes as the ranks have them: done; told to stop, to go on later (EX_TEMPFAIL); a rank or a host was lost
  /// (EX_UNAVAILABLE). Any other is a failure that would come again.
  package static let stoppedCode: Int32 = 75, lostCode: Int32 = 69

  /// The command line of the first start.
  package func arguments() -> [String] { arguments(command, on: hosts) }

  private func arguments(_ command: [String], on hosts: [RankHost]?) -> [String] {
    let ranks = ranks.map { wanted in hosts == self.hosts ? wanted : min(wanted, hosts?.slots ?? wanted) }
    return launcher.arguments(
      ranks: ranks, hosts: hosts, interface: interface, isRoot: geteuid() == 0, variables: passedOn, command: command)
  }

  /// Variables that decide what ranks compute with, and how they tell. A rank has one core, if nothing else was said.
  private var passedOn: [String] {
    ["OMP_NUM_THREADS" + (environment["OMP_NUM_THREADS"] == nil ? "=1" : "")]
      + ["DNNL_MAX_CPU_ISA", CaravanRun.variable].filter { environment[$0] != nil }
  }

  /// Starts it, and starts it again where it was lost.
  ///
  /// SIGTERM, SIGINT, SIGHUP and SIGUSR1 become SIGUSR1 for the ranks, who save what they have: `mpirun` would kill them
  /// a second after the first two. A second SIGINT or SIGTERM ends them at once. Call it on the main thread before there
  /// are others, which would be sent these signals.
  /// - Parameters:
  ///   - restarts: how often at most without a new checkpoint.
  ///   - folder: whose checkpoints count; nil where the command has none.
  ///   - note: says a line.
  /// - Returns: the exit code.
  /// - Throws: `LaunchError`.
  package func run(restarts: Int, folder: String?, note: (String) -> Void) throws(LaunchError) -> Int32 {
    let signals = StopRequests()
    var rule = Restarts(limit: restarts, folder: folder)
    var present = hosts
    var command = command
    while true {
      let (code, remark) = try runOnce(command, on: present, signals)
      command = commandAgain
      if code == 0 || code == Self.stoppedCode { return code }
      let isOwnFailure = code == 1 && remark == nil || code == 64
      // A rank that was stopped before it could listen has nothing that could be lost.
      if signals.isStopping { return isOwnFailure ? code : Self.stoppedCode }
      let end = sentence(of: code, remark)
      if isOwnFailure { return code }
      guard var wait = rule.next() else {
        note(restarts == 0 ? end : "\(end); \(restarts) restarts brought no new checkpoint: see what the ranks said")
        return Self.lostCode
      }
      repeat {
        note("\(end): starting again in \(wait) s, \(rule.used) of \(rule.limit)")
        if signals.wait(seconds: wait) { return Self.stoppedCode }
        present = hosts.map(answering)
        if let silent = silence(of: hosts, but: present) { note(silent) }
        if present?.isEmpty ?? false {
          guard let next = rule.next() else { return Self.lostCode }
          wait = next
        }
      } while present?.isEmpty ?? false
    }
  }

  private func answering(_ hosts: [RankHost]) -> [RankHost] {
    HostProbe(environment: environment, ownName: ownName).answering(hosts)
  }

  /// Which hosts do not answer; nil where all do.
  private func silence(of hosts: [RankHost]?, but present: [RankHost]?) -> String? {
    let missing = (hosts ?? []).filter { !(present ?? []).contains($0) }.map(\.name)
    return missing.isEmpty ? nil : "no answer from \(missing.joined(separator: ", "))"
  }

  private func sentence(of code: Int32, _ remark: String?) -> String {
    switch code {
    case Self.lostCode: remark.map { printable($0) } ?? "a rank was lost"
    // Open MPI 4's own, for a daemon that no longer answers.
    case 205: "a host was lost"
    case 129...159: "a rank was ended by signal \(code - 128)"
    default: "mpirun ended with exit code \(code)" + (remark.map { ": \(printable($0))" } ?? "")
    }
  }

  /// Starts it once, and shows nothing.
  /// - Returns: its exit code, and what its ranks said on standard error.
  /// - Throws: `LaunchError`.
  package func runQuietly() throws(LaunchError) -> (code: Int32, text: String) {
    let signals = StopRequests()
    let (code, reader, _) = try start(command, on: hosts, signals, isQuiet: true)
    return (signals.isStopping && code != 0 ? Self.stoppedCode : code, reader.text)
  }

  /// - Returns: its exit code, and what the launcher gave as the reason where no rank has.
  private func runOnce(_ command: [String], on hosts: [RankHost]?, _ signals: StopRequests) throws(LaunchError) -> (
    code: Int32, remark: String?
  ) {
    let (code, reader, isLate) = try start(command, on: hosts, signals, isQuiet: false)
    if isLate {
      let reason = silence(of: hosts, but: hosts.map(answering)).map { ", \($0)" } ?? ""
      return (code, "not all ranks were there after \(patience.components.seconds) s\(reason)")
    }
    let noise = reader.noise
    return (code, noise.hasHeardRank ? nil : noise.firstRemark ?? (code == 1 ? "it gave no reason" : nil))
  }

  /// - Returns: its exit code, what was read, and whether it was ended because ranks did not come.
  private func start(
    _ command: [String], on hosts: [RankHost]?, _ signals: StopRequests, isQuiet: Bool
  ) throws(LaunchError) -> (code: Int32, ErrorReader, isLate: Bool) {
    let child = try ChildProcess(arguments(command, on: hosts), environment: environment, output: !isQuiet)
    let reader = ErrorReader(child.errors, isQuiet: isQuiet)
    let began = ContinuousClock.now
    var isLate = false
    var code = child.end()
    while code == nil {
      signals.pass(to: child)
      let passed = ContinuousClock.now - began
      if !isLate, passed > patience, !reader.noise.hasHeardStart {
        isLate = true
        child.send(SIGTERM)
      }
      // It may wait for the lost host even now.
      if isLate, passed > patience + .seconds(10) { child.endAll() }
      code = child.end()
    }
    reader.finish()
    return (isLate ? Self.lostCode : code ?? 1, reader, isLate)
  }
}

/// Passes on what a job's ranks and launcher say, in a thread of its own.
private final class ErrorReader: Sendable {
  private let heard = Mutex((noise: LauncherNoise(), text: ""))
  private let isDone = Atomic(false)

  /// - Parameter isQuiet: whether it is kept in the place of being shown.
  init(_ descriptor: Int32, isQuiet: Bool) {
    Thread.detachNewThread { [self] in
      var bytes = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = read(descriptor, &bytes, bytes.count)
        if count < 0, errno == EINTR { continue }
        if count <= 0 { break }
        pass(heard.withLock { $0.noise.take(bytes[..<count]) }, isQuiet)
      }
      pass(heard.withLock { $0.noise.finish() }, isQuiet)
      isDone.store(true, ordering: .releasing)
    }
  }

  var noise: LauncherNoise { heard.withLock { $0.noise } }
  var text: String { heard.withLock { $0.text } }

  /// Returns when all is read. What a process that outlived its launcher may still say is not waited for.
  func finish() {
    for _ in 0..<100 where !isDone.load(ordering: .acquiring) { usleep(10_000) }
  }

  private func pass(_ bytes: [UInt8], _ isQuiet: Bool) {
    if bytes.isEmpty { return }
    let text = String(decoding: bytes, as: UTF8.self)
    if isQuiet { heard.withLock { $0.text += text } } else { StandardError.print(text) }
  }
}

/// The signals that ask to stop, waited for by the main thread.
private final class StopRequests {
  private(set) var isStopping = false
  private var mask = sigset_t()
  private var sinceFirst = ContinuousClock.now
  private var sinceLast = ContinuousClock.now

  /// Ranks that are being started miss what is sent.
  private var again: Duration { ContinuousClock.now - sinceFirst < .seconds(5) ? .milliseconds(500) : .seconds(5) }

  init() {
    sigemptyset(&mask)
    for number in [SIGTERM, SIGINT, SIGUSR1, SIGHUP] { sigaddset(&mask, number) }
    pthread_sigmask(SIG_BLOCK, &mask, nil)
  }

  /// Waits a moment for a signal, and lets the job know of it.
  func pass(to child: ChildProcess) {
    let received = next(milliseconds: 50)
    if isStopping, received == SIGINT || received == SIGTERM {
      child.send(SIGTERM)
    } else if received != nil || isStopping && ContinuousClock.now - sinceLast > again {
      if !isStopping { sinceFirst = ContinuousClock.now }
      isStopping = true
      sinceLast = ContinuousClock.now
      child.send(SIGUSR1)
    }
  }

  /// Waits, unless a signal comes.
  /// - Returns: whether one came.
  func wait(seconds: Int) -> Bool {
    isStopping = next(milliseconds: seconds * 1000) != nil
    return isStopping
  }

  private func next(milliseconds: Int) -> Int32? {
    var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    let number = sigtimedwait(&mask, nil, &time)
    return number > 0 ? number : nil
  }
}
