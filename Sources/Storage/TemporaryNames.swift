import Foundation

/// Writes one file so that a reader sees the old bytes or the new ones, never a part.
public func atomicWrite(_ data: Data, to path: String) throws(StorageError) {
  let file = try AtomicFile(path: path)
  let bytes = [UInt8](data)  // such files are small: manifests, states
  let failure: StorageError? = bytes.withUnsafeBytes { buffer in
    do throws(StorageError) { try file.write(buffer) } catch { return error }
    return nil
  }
  if let failure { throw failure }
  try file.commit()
}

/// Removes a file or a folder with all that is in it; nothing happens where there is none.
public func removeIfThere(_ path: String) throws(StorageError) {
  // A link that leads nowhere does not exist for `fileExists`, but its name does.
  guard (try? FileManager.default.attributesOfItem(atPath: path)) != nil else { return }
  do {
    try FileManager.default.removeItem(atPath: path)
  } catch {
    throw .cannotWrite(path: path, reason: "it cannot be removed")
  }
}

/// Points the symbolic link at `path` to `target` (relative to the link's folder), in one step.
public func replaceSymbolicLink(at path: String, to target: String) throws(StorageError) {
  let temporary = temporaryName(beside: path)
  if symlink(target, temporary) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
  if rename(temporary, path) != 0 {
    let reason = systemErrorText()
    unlink(temporary)
    throw .cannotWrite(path: path, reason: reason)
  }
  try syncToDisk(path: parentFolder(of: path))
}

/// Removes what a killed process left behind: the temporary files and folders made for `name` in `folder`.
public func removeStaleTemporaries(in folder: String, of name: String) throws(StorageError) {
  let prefix = temporaryPrefix(of: name)
  guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return }
  for stale in names where stale.hasPrefix(prefix) {
    let path = joined(folder, stale)
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw .cannotWrite(path: path, reason: "it cannot be removed")
    }
  }
}

/// `.name.tmp-` with a random end, in the same folder: a rename within one folder is atomic.
func temporaryName(beside path: String) -> String {
  let name = lastName(of: path)
  let random = String(UInt64.random(in: 0 ... .max), radix: 36)
  return joined(parentFolder(of: path), temporaryPrefix(of: name) + random)
}

private func temporaryPrefix(of name: String) -> String { ".\(name).tmp-" }
