import Foundation

/// A small file that processes change one at a time: while one holds it, the others wait.
///
/// The lock is POSIX's: NFS servers keep such locks too, and a process that dies gives its own back. It does not
/// hold between threads of one process.
package final class LockedFile {
  private let path: String
  private let descriptor: Int32

  /// Opens the file, which is made if it is not there, as soon as no other process holds it.
  package init(path: String) throws(StorageError) {
    self.path = path
    let flags = O_RDWR | O_APPEND | O_CLOEXEC
    let existing = open(path, flags)
    let isNew = existing < 0 && errno == ENOENT
    descriptor = isNew ? open(path, flags | O_CREAT, 0o666) : existing
    if descriptor < 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    while fcntl(descriptor, F_SETLKW, &lock) != 0 {
      if errno != EINTR { throw .cannotWrite(path: path, reason: "it cannot be locked: \(systemErrorText())") }
    }
    // Lines that are on the disk are lost all the same where the file's name is not.
    if isNew { try syncToDisk(path: parentFolder(of: path)) }
  }

  // Closing is what gives the lock back. For the same reason nobody may open the file anew while this one lives.
  deinit { if descriptor >= 0 { _ = close(descriptor) } }

  /// All that is in the file.
  package func contents() throws(StorageError) -> Data {
    var data = Data()
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = pread(descriptor, &piece, piece.count, off_t(data.count))
      if count == 0 { return data }
      if count > 0 {
        data.append(contentsOf: piece[..<count])
      } else if errno != EINTR {
        throw .cannotRead(path: path, reason: systemErrorText())
      }
    }
  }

  /// Adds a line and waits until it is on the disk. A line that a killed process left unfinished is ended first, so
  /// that it spoils no other.
  package func append(line: String) throws(StorageError) {
    let isCutOff = try contents().last.map { $0 != UInt8(ascii: "\n") } ?? false
    try write((isCutOff ? "\n" : "") + line + "\n")
  }

  /// Puts `text` in the place of all that was there.
  package func replace(with text: String) throws(StorageError) {
    if ftruncate(descriptor, 0) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    try write(text)
  }

  private func write(_ text: String) throws(StorageError) {
    let bytes = Array(text.utf8)
    let failure: StorageError? = bytes.withUnsafeBytes { buffer in
      do throws(StorageError) { try writeAll(buffer, to: descriptor, path: path) } catch { return error }
      return nil
    }
    if let failure { throw failure }
    if fsync(descriptor) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
  }
}
