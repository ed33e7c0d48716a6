import Foundation
import Text

/// A process of ours in a process group of its own, so that what a terminal sends goes to us alone. It has no input, our
/// standard output, and a pipe for what it says on standard error.
final class ChildProcess {
  let id: pid_t
  /// The end of the pipe that we read.
  let errors: Int32

  /// - Parameters:
  ///   - output: whether it has our standard output; what it prints is dropped otherwise.
  /// - Throws: `LaunchError.cannotStart`.
  init(_ command: [String], environment: [String: String], output: Bool = true) throws(LaunchError) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw .cannotStart(program: command[0], reason: String(cString: strerror(errno)))
    }
    // No other child is to keep it open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    if !output { posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // We block signals in order to wait for them, and ignore SIGPIPE; a child would inherit both.
    var none = sigset_t(), standard = sigset_t()
    sigemptyset(&none)
    sigemptyset(&standard)
    sigaddset(&standard, SIGPIPE)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &standard)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let arguments = command.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (arguments + variables).forEach { free($0) } }
    var id: pid_t = 0
    let error = posix_spawnp(&id, command[0], &actions, &attributes, arguments, variables)
    close(ends[1])
    self.id = id
    errors = ends[0]
    if error != 0 { throw .cannotStart(program: command[0], reason: String(cString: strerror(error))) }
  }

  deinit { close(errors) }

  /// Its exit code, 128 and the signal's number where one ended it; nil as long as it runs.
  func end() -> Int32? {
    var status: Int32 = 0
    guard waitpid(id, &status, WNOHANG) == id else { return nil }
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f)
  }

  func send(_ signal: Int32) { kill(id, signal) }

  /// Ends it and the processes that it started on this machine, who let go of those on other machines.
  func endAll() { kill(-id, SIGKILL) }

  /// What it says on standard error, all of it, once it has ended.
  func readErrors() -> String {
    var text: [UInt8] = [], piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(errors, &piece, piece.count)
      if count <= 0 { return String(decoding: text, as: UTF8.self) }
      text += piece[..<count]
    }
  }
}
