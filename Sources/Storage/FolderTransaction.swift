import Foundation

/// A folder that appears whole or not at all.
///
/// Files are written into a hidden folder beside the final one. `commit` writes the manifest last, makes
/// everything durable and renames the folder. Without a commit the hidden folder goes away with the object.
public final class FolderTransaction {
  /// Where the folder will be, without slashes at the end.
  public let destination: String
  /// The name of the file that is written last.
  public let manifest: String
  /// SHA-256 by file name, of every file recorded so far.
  public private(set) var checksums: [String: String] = [:]
  private let temporary: String
  private let replaces: Bool
  private let madeParents: [String]
  private var isCommitted = false

  /// Starts writing the folder `destination`.
  /// - Parameters:
  ///   - manifest: the file that is written last; also what tells our folders from others.
  ///   - overwrite: whether an existing folder that holds such a manifest is replaced.
  /// - Throws: `.alreadyExists`, `.notReplaceable`, or `.cannotWrite` at once, before any work is done.
  public init(at destination: String, manifest: String, overwrite: Bool = false) throws(StorageError) {
    let path = String(withoutEndingSlashes(destination))
    self.destination = path
    self.manifest = manifest
    replaces = try Self.mustReplace(path, manifest: manifest, overwrite: overwrite)
    temporary = temporaryName(beside: path)
    madeParents = try Self.makeParents(of: path)
    if mkdir(temporary, 0o777) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
  }

  deinit {
    if isCommitted { return }
    try? FileManager.default.removeItem(atPath: temporary)
    for parent in madeParents.reversed() { rmdir(parent) }  // stays where it is when others use it
  }

  /// Where to write the file `name` for now.
  public func path(of name: String) -> String { joined(temporary, name) }

  /// Takes note of a file that was written at `path(of: name)`.
  public func record(_ name: String, sha256: String) { checksums[name] = sha256 }

  /// Writes a small file and records it.
  public func write(_ data: Data, as name: String) throws(StorageError) {
    let file = try OutputFile(path: path(of: name))
    try file.write(data)
    try file.syncAndClose()
    record(name, sha256: Checksum.sha256(of: data))
  }

  /// Writes bytes that lie in memory and records them.
  public func write(_ bytes: UnsafeRawBufferPointer, as name: String) throws(StorageError) {
    let file = try OutputFile(path: path(of: name))
    try file.write(bytes)
    try file.syncAndClose()
    record(name, sha256: Checksum.sha256(of: bytes))
  }

  /// Writes the manifest and puts the folder in its place.
  /// - Parameter contents: makes the manifest's text from the SHA-256 of every file.
  public func commit(contents: (_ checksums: [String: String]) throws -> Data) throws {
    let data = try contents(checksums)
    for name in checksums.keys.sorted() { try syncToDisk(path: path(of: name)) }
    let file = try OutputFile(path: path(of: manifest))
    try file.write(data)
    try file.syncAndClose()
    try syncToDisk(path: temporary)
    try moveIntoPlace()
    isCommitted = true
    try syncToDisk(path: parentFolder(of: destination))
  }

  private func moveIntoPlace() throws(StorageError) {
    if !replaces {
      if rename(temporary, destination) != 0 {
        if errno == EEXIST || errno == ENOTEMPTY { throw .alreadyExists(path: destination) }
        throw .cannotWrite(path: destination, reason: systemErrorText())
      }
      return
    }
    // Two renames, for not every file system can exchange two names in one step. A crash between them
    // leaves the old folder under its temporary name.
    let old = temporaryName(beside: destination)
    if rename(destination, old) != 0 { throw .cannotWrite(path: destination, reason: systemErrorText()) }
    if rename(temporary, destination) != 0 {
      let reason = systemErrorText()
      rename(old, destination)
      throw .cannotWrite(path: destination, reason: reason)
    }
    try? FileManager.default.removeItem(atPath: old)
  }

  /// Makes the folders above `path`.
  /// - Returns: those that were not there, outermost first.
  private static func makeParents(of path: String) throws(StorageError) -> [String] {
    var missing: [String] = []
    var parent = parentFolder(of: path)
    while access(parent, F_OK) != 0, errno == ENOENT, parent != parentFolder(of: parent) {
      missing.insert(parent, at: 0)
      parent = parentFolder(of: parent)
    }
    for folder in missing where mkdir(folder, 0o777) != 0 && errno != EEXIST {
      throw .cannotWrite(path: folder, reason: systemErrorText())
    }
    return missing
  }

  /// Whether something is at `path` that has to make room. An empty folder need not: rename replaces it.
  private static func mustReplace(
    _ path: String, manifest: String, overwrite: Bool
  ) throws(StorageError) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0 else { return false }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw overwrite ? .notReplaceable(path: path, manifest: manifest) : .alreadyExists(path: path)
    }
    if let names = try? FileManager.default.contentsOfDirectory(atPath: path), names.isEmpty { return false }
    if !overwrite { throw .alreadyExists(path: path) }
    if access(joined(path, manifest), F_OK) != 0 { throw .notReplaceable(path: path, manifest: manifest) }
    return true
  }
}
