import Foundation
import MPI
import Provenance
import Storage

/// The folder of a run.
public enum RunFolder {
  /// Makes the folder, unless it is there. Rank 0's to call, as what follows.
  /// - Throws: `StorageError.cannotWrite`.
  public static func create(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw StorageError.cannotWrite(path: path, reason: "the folder cannot be made")
    }
  }

  /// Makes the folder, unless it is there, and keeps it to this job until the lock is released or the process ends.
  /// Before anything else is written there.
  /// - Throws: `StorageError.inUse`, `.cannotLock`, `.cannotWrite`.
  public static func claim(_ path: String) throws -> FolderLock {
    try create(path)
    let process = ProcessInfo.processInfo.processIdentifier
    return try FolderLock(
      folder: path, owner: "process \(process) on host \(MPIRuntime.hostname) since \(Date().ISO8601Format())")
  }

  /// Writes a plan as the folder's `config.yaml`, headed by what computes it: of a run that may go on from a checkpoint only when it is known to
  /// fit that.
  /// - Throws: `StorageError`.
  public static func write(_ plan: some RunPlan, to path: String) throws {
    let build = BuildInformation.current
    let header =
      "# caravan \(build.version) (\(build.commit)), \(build.mpi), oneDNN \(build.oneDNN), \(build.instructionSet)\n"
    try atomicWrite(Data((header + plan.yaml()).utf8), to: joined(path, "config.yaml"))
  }
}
