import Foundation

/// A file's bytes, mapped read-only into memory for as long as the object lives.
///
/// The system loads pages when they are touched and shares them between the ranks of a node.
public final class MappedFile: @unchecked Sendable {  // the bytes never change
  /// The path that the file was opened by.
  public let path: String
  /// Valid while this object lives, which Swift ends after its last use: hold it, or use `withUnsafeBytes`.
  package let bytes: UnsafeRawBufferPointer

  /// Maps a whole file; an empty one has no bytes.
  /// - Throws: `.missingFile`; `.cannotRead`, also for what is no plain file.
  public init(path: String) throws(StorageError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 {
      if errno == ENOENT { throw .missingFile(path: path) }
      throw .cannotRead(path: path, reason: systemErrorText())
    }
    defer { _ = close(descriptor) }  // the mapping outlives the descriptor
    var status = stat()
    if fstat(descriptor, &status) != 0 { throw .cannotRead(path: path, reason: systemErrorText()) }
    if status.st_mode & S_IFMT != S_IFREG { throw .cannotRead(path: path, reason: "it is not a plain file") }
    let count = Int(status.st_size)
    self.path = path
    if count == 0 {  // mmap refuses an empty region
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let region = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    if region == MAP_FAILED { throw .cannotRead(path: path, reason: systemErrorText()) }
    bytes = UnsafeRawBufferPointer(start: region, count: count)
  }

  /// The file's bytes. The pointer must not leave the closure.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(bytes)
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }
}
