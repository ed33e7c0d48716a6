import Foundation

/// Keeps a folder to one job: while a process holds the lock, others are refused and told who has it.
///
/// The lock is POSIX's, on a file in the folder: NFS servers keep such locks too, and a process that dies gives its
/// own back, so that nothing is left behind but the file. It does not hold between threads of one process, and closing
/// any descriptor of the file would give it back: nobody else opens the file while it is held.
public final class FolderLock {
  /// What the lock's file is called.
  public static let fileName = ".lock"

  /// The ranks of a job whose launcher was killed notice within a second; who starts it again at once is not refused.
  private static let patience = Duration.seconds(2)

  private var descriptor: Int32
  private let folder: String

  /// Takes the lock of a folder that exists.
  /// - Parameter owner: what others are told of the process that holds it, such as its host; one line.
  /// - Throws: `StorageError.inUse` where another process holds it, `.cannotLock` where the file system has no locks,
  ///   `.cannotWrite`.
  public init(folder: String, owner: String) throws(StorageError) {
    let path = joined(folder, Self.fileName)
    self.folder = folder
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    do throws(StorageError) {
      try take(path: path, folder: folder)
      try say(owner, path: path)
    } catch {
      release()
      throw error
    }
  }

  deinit { release() }

  /// Gives the lock back; the file stays.
  public func release() {
    if descriptor >= 0 { _ = close(descriptor) }
    descriptor = -1
  }

  /// Gives the lock back and removes the folder with it, if it holds nothing but `names`: for a folder that was made for
  /// something of which nothing came.
  public func withdraw(with names: Set<String>) {
    let found = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    if names.union([Self.fileName]).isSuperset(of: found) { try? FileManager.default.removeItem(atPath: folder) }
    release()
  }

  private func take(path: String, folder: String) throws(StorageError) {
    // All of the file, for writing: a length of 0 reaches to its end.
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    let deadline = ContinuousClock.now + Self.patience
    while fcntl(descriptor, F_SETLK, &lock) != 0 {
      switch errno {
      case EINTR: continue
      case EACCES, EAGAIN:
        if ContinuousClock.now > deadline { throw .inUse(folder: folder, by: holder()) }
        usleep(50_000)
      default: throw .cannotLock(path: path, reason: systemErrorText())
      }
    }
  }

  /// Leaves word of who has the lock.
  private func say(_ owner: String, path: String) throws(StorageError) {
    let line = Array((owner + "\n").utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, line, line.count, 0) == line.count else {
      throw .cannotWrite(path: path, reason: systemErrorText())
    }
  }

  /// What the process that has the lock left word of.
  private func holder() -> String {
    var bytes = [UInt8](repeating: 0, count: 200)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    let line = String(decoding: bytes[..<max(0, count)].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    return line.isEmpty ? "another process" : line
  }
}
