import Foundation

/// A file that appears whole or not at all: it is written under a hidden name beside its place.
///
/// Without a commit the hidden file goes away with the object.
public final class AtomicFile {
  public let path: String
  private let temporary: String
  private let file: OutputFile
  private var isCommitted = false

  public init(path: String) throws(StorageError) {
    self.path = path
    temporary = temporaryName(beside: path)
    do throws(StorageError) {
      file = try OutputFile(path: temporary)
    } catch {
      // The hidden name would only puzzle the reader.
      if case .cannotWrite(_, let reason) = error { throw .cannotWrite(path: path, reason: reason) }
      throw error
    }
  }

  deinit {
    if !isCommitted { unlink(temporary) }
  }

  public func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) { try file.write(bytes) }

  /// Waits until the bytes are on the disk and puts the file in its place, over an older one.
  public func commit() throws(StorageError) {
    try file.syncAndClose()
    if rename(temporary, path) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    isCommitted = true
    try syncToDisk(path: parentFolder(of: path))
  }
}
