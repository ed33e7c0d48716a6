import Foundation

/// Starts executables, alone or under `mpirun`, and takes them down when they overrun their time.
public enum MPIRun {
  /// How a run ended. `status` is the exit code, or 128 and the signal's number.
  public struct Outcome: Sendable {
    public let status: Int32
    public let stdout: String
    public let stderr: String
    public let seconds: Double
    public let timedOut: Bool
  }

  public struct CannotStart: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) { self.description = description }
  }

  /// This machine's name as ranks report it.
  public static var hostname: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, 255)
    return name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  /// Runs `executable` on `ranks` ranks of this machine and waits for the end of the job.
  /// - Parameters:
  ///   - ranks: may exceed the cores; `nil` runs the executable without a launcher.
  ///   - environment: added to this process's own.
  ///   - directory: where it runs; this process's own by default.
  ///   - timeout: in seconds; past it the whole job is killed.
  public static func run(
    ranks: Int?, executable: URL, arguments: [String], environment: [String: String] = [:],
    directory: URL? = nil, timeout: Double = 120
  ) throws -> Outcome {
    guard let ranks else {
      return try launch([executable.path] + arguments, environment, directory, timeout)
    }
    // --quiet keeps Open MPI's banners out of stderr, which leaves the job's own lines.
    var command = ["mpirun", "--quiet", "--oversubscribe", "--bind-to", "none", "-n", "\(ranks)"]
    if getuid() == 0 { command.insert("--allow-run-as-root", at: 1) }
    // All ranks are on this machine. Without it a job waits for whatever networks the machine may have.
    command += ["--mca", "btl", "vader,self", "--mca", "pml", "ob1"]
    return try launch(command + [executable.path] + arguments, environment, directory, timeout)
  }

  private static func launch(
    _ command: [String], _ additions: [String: String], _ directory: URL?, _ timeout: Double
  ) throws -> Outcome {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files, not pipes: nobody has to read them while the job runs, and a surviving child cannot hold them open.
    let stdout = folder.appendingPathComponent("stdout")
    let stderr = folder.appendingPathComponent("stderr")
    var environment = ProcessInfo.processInfo.environment
    environment["OMP_NUM_THREADS"] = "1"
    environment.merge(additions) { _, new in new }

    let begin = DispatchTime.now().uptimeNanoseconds
    func elapsed() -> Double { Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9 }
    let command = directory.map { ["env", "-C", $0.path] + command } ?? command
    let process = try spawn(command, environment, stdout: stdout, stderr: stderr)
    var status = end(of: process) { elapsed() > timeout }
    let timedOut = status == nil
    if timedOut {
      // The launcher takes its ranks with it when asked; what is left of the group is killed.
      kill(-process, SIGTERM)
      let graceEnd = elapsed() + 5
      status = end(of: process) { elapsed() > graceEnd }
      kill(-process, SIGKILL)
      status = status ?? end(of: process) { false }
    }
    return Outcome(
      status: status ?? -1, stdout: try text(of: stdout), stderr: try text(of: stderr), seconds: elapsed(),
      timedOut: timedOut)
  }

  /// Starts a process in a group of its own, with no input.
  private static func spawn(
    _ command: [String], _ environment: [String: String], stdout: URL, stderr: URL
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let writing = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, stdout.path, writing, 0o600)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, stderr.path, writing, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A test runs on a worker thread, which blocks signals; its children would inherit that.
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    posix_spawnattr_setpgroup(&attributes, 0)

    let arguments = command.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (arguments + variables).forEach { free($0) } }
    var process: pid_t = 0
    let error = posix_spawnp(&process, command[0], &actions, &attributes, arguments, variables)
    guard error == 0 else {
      throw CannotStart(description: "cannot start \(command[0]): \(String(cString: strerror(error)))")
    }
    return process
  }

  /// Waits for the process; nil if `giveUp` says so first.
  private static func end(of process: pid_t, unless giveUp: () -> Bool) -> Int32? {
    while !giveUp() {
      var status: Int32 = 0
      let done = waitpid(process, &status, WNOHANG)
      if done == process { return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f) }
      if done < 0 && errno != EINTR { return -1 }
      usleep(5_000)
    }
    return nil
  }

  private static func text(of file: URL) throws -> String {
    String(decoding: try Data(contentsOf: file), as: UTF8.self)
  }
}
