import Foundation

/// A file that appears whole or not at all: it is written under a hidden name beside its place.
///
/// Without a commit the hidden file goes away with the object. A stream, such as `/dev/null` or a pipe, is written to
/// as it is.
public final class AtomicFile {
  /// Where the file will be, or the stream.
  public let path: String
  /// nil for a stream.
  private let temporary: String?
  private let file: OutputFile
  private var isCommitted = false

  /// Begins a file under its hidden name, or opens a stream.
  /// - Throws: `.cannotWrite`, which names `path`.
  public init(path: String) throws(StorageError) {
    self.path = path
    if OutputFile.isStream(path) {
      temporary = nil
      file = try OutputFile(stream: path)
      return
    }
    let hidden = temporaryName(beside: path)
    temporary = hidden
    do throws(StorageError) {
      file = try OutputFile(path: hidden)
    } catch {
      // The hidden name would only puzzle the reader.
      if case .cannotWrite(_, let reason) = error { throw .cannotWrite(path: path, reason: reason) }
      throw error
    }
  }

  deinit {
    if !isCommitted, let temporary { unlink(temporary) }
  }

  /// Adds bytes behind those that were written before.
  /// - Throws: `.cannotWrite`.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) { try file.write(bytes) }

  /// Waits until the bytes are on the disk and puts the file in its place, over an older one.
  public func commit() throws(StorageError) {
    try file.syncAndClose()
    guard let temporary else { return }
    if rename(temporary, path) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    isCommitted = true
    try syncToDisk(path: parentFolder(of: path))
  }
}
