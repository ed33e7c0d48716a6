#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How the ranks of a node agree, when the job breaks, on which of them says so: over a file in the folder that the
/// launcher keeps for the job and removes with it. Messages no longer pass then.
enum LostPeer {
  /// Whether this process is the first of its node to tell why the job ends.
  static func isFirstToTell() -> Bool {
    guard let file else { return true }
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor >= 0 { close(descriptor) }
    return descriptor >= 0 || errno != EEXIST
  }

  /// Whether another has told.
  static var isTold: Bool { file.map { access($0, F_OK) == 0 } ?? false }

  /// Whether a process is what started the ranks of this node.
  static func isLauncher(process: pid_t) -> Bool {
    let descriptor = open("/proc/\(process)/comm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = read(descriptor, &bytes, bytes.count)
    let name = String(decoding: bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    return ["mpirun", "mpiexec", "orterun", "orted", "prte", "prted", "prterun"].contains(name)
  }

  private static var file: String? {
    guard let folder = MPIRuntime.environment("PMIX_SERVER_TMPDIR"),
      let job = MPIRuntime.environment("PMIX_NAMESPACE")
    else { return nil }
    return "\(folder)/caravan-told-\(job.replacing("/", with: "-"))"
  }
}
