import Foundation
import MPI
import OptionTables
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
  /// - Throws: `StorageError.inUse`, `.cannotLock`, `.cannotWrite`; `OptionError.badValue` for another kind's folder.
  package static func claim(_ path: String, for kind: FolderKind = .run) throws -> FolderLock {
    try kind.require(at: path)
    try create(path)
    let process = ProcessInfo.processInfo.processIdentifier
    return try FolderLock(
      folder: path, owner: "process \(process) on host \(MPIRuntime.hostname) since \(Date().ISO8601Format())")
  }

  /// The first run by name of those right inside a folder, for messages about a folder that is none.
  package static func first(inside folder: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().map { joined(folder, $0) }.first {
      FileManager.default.fileExists(atPath: joined($0, "checkpoints"))
    }
  }

  /// What a run itself writes, of which nothing else may take the place.
  public static func ownFiles(_ path: String) -> [String] {
    ["config.yaml", "metrics.jsonl", RunLogHandler.fileName, FolderLock.fileName, "checkpoints"].map {
      joined(path, $0)
    }
  }

  /// Runs `body` on all ranks while the folder is kept to this job; collective. A folder that was made for it goes again
  /// where it fails before anything but the log is written.
  public static func keep(_ path: String, group: any ProcessGroup, while body: () throws -> Void) throws {
    let isNew = !FileManager.default.fileExists(atPath: path)
    let lock = try group.together { () -> FolderLock? in
      guard group.rank == 0 else { return nil }
      return try claim(path)
    }
    do {
      try body()
    } catch {
      if isNew { lock?.withdraw(with: [RunLogHandler.fileName]) }
      throw error
    }
    lock?.release()
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
