import Foundation
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

  /// Writes a plan as the folder's `config.yaml`: of a run that may go on from a checkpoint only when it is known to
  /// fit that.
  /// - Throws: `StorageError`.
  public static func write(_ plan: some RunPlan, to path: String) throws {
    try atomicWrite(Data(plan.yaml().utf8), to: joined(path, "config.yaml"))
  }
}
