import Foundation

/// The text of the system's last error, such as "Permission denied".
package func systemErrorText() -> String { String(cString: strerror(errno)) }

/// A file that is being written: every call either succeeds or throws, nothing is buffered.
package final class OutputFile {
  package let path: String
  private var descriptor: Int32

  /// Creates the file, or empties an existing one.
  package init(path: String) throws(StorageError) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
  }

  /// Opens a stream, to write behind what is there.
  package init(stream path: String) throws(StorageError) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    if descriptor < 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
  }

  /// Whether a path leads to something that takes bytes as they come, such as a device, a pipe or this process's own
  /// standard output: no other file can be put in its place.
  package static func isStream(_ path: String) -> Bool {
    if ["/dev/std", "/dev/fd/", "/proc/"].contains(where: path.hasPrefix) { return true }
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return status.st_mode & S_IFMT != S_IFREG && status.st_mode & S_IFMT != S_IFDIR
  }

  deinit { if descriptor >= 0 { _ = close(descriptor) } }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    try writeAll(bytes, to: descriptor, path: path)
  }

  package func write(_ data: Data) throws(StorageError) {
    let bytes = [UInt8](data)  // small files only: manifests, states
    let failure: StorageError? = bytes.withUnsafeBytes { buffer in
      do throws(StorageError) { try write(buffer) } catch { return error }
      return nil
    }
    if let failure { throw failure }
  }

  /// Waits until the bytes are on the disk, then closes. Also where a full disk on NFS shows itself.
  package func syncAndClose() throws(StorageError) {
    // Streams have no disk to wait for.
    if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP {
      throw .cannotWrite(path: path, reason: systemErrorText())
    }
    let open = descriptor
    descriptor = -1
    if close(open) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
  }
}

/// Writes bytes to an open file, in one call of the system where it can be.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws(StorageError) {
  var rest = bytes[...]
  while !rest.isEmpty {
    let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
    if written < 0 {
      if errno == EINTR { continue }
      throw .cannotWrite(path: path, reason: systemErrorText())
    }
    rest = rest.dropFirst(written)
  }
}

/// Waits until a file's bytes, or a folder's list of names, are on the disk.
package func syncToDisk(path: String) throws(StorageError) {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  if descriptor < 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
  defer { _ = close(descriptor) }
  if fsync(descriptor) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
}

// Paths are cut by hand: Foundation takes a name of one character for a root.

/// The folder that holds `path`: "." for a bare name.
package func parentFolder(of path: String) -> String {
  let path = withoutEndingSlashes(path)
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(withoutEndingSlashes(path[..<slash]))
}

/// What `path` is called in the folder that holds it.
package func lastName(of path: String) -> String {
  let path = withoutEndingSlashes(path)
  guard path != "/", let slash = path.lastIndex(of: "/") else { return String(path) }
  return String(path[path.index(after: slash)...])
}

/// `folder/name`, without doubling the slash.
package func joined(_ folder: String, _ name: String) -> String {
  if folder.isEmpty { return name }
  let folder = withoutEndingSlashes(folder[...])
  return folder == "/" ? "/" + name : folder + "/" + name
}

/// `path` without the slashes that it ends in; "/" stays.
package func withoutEndingSlashes(_ path: some StringProtocol) -> Substring {
  var path = Substring(path)
  while path.count > 1, path.hasSuffix("/") { path.removeLast() }
  return path
}

/// What follows the last point of a file's name, in small letters; nothing where there is none.
package func fileExtension(of path: String) -> String {
  let name = lastName(of: path)
  guard let point = name.lastIndex(of: "."), point != name.startIndex else { return "" }
  return name[name.index(after: point)...].lowercased()
}

/// What a user may still write below `path`, of which the last folders need not be there yet; in bytes, nil where the
/// system does not say.
package func freeBytes(near path: String) -> Int? {
  var folder = path
  while access(folder, F_OK) != 0, folder != parentFolder(of: folder) { folder = parentFolder(of: folder) }
  var status = statvfs()
  guard statvfs(folder, &status) == 0 else { return nil }
  let (bytes, overflows) = Int(clamping: status.f_bavail).multipliedReportingOverflow(
    by: Int(clamping: status.f_frsize))
  return overflows ? nil : bytes
}
