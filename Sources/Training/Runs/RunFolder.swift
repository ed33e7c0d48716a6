import Foundation
import Storage

/// The folder of a run.
public enum RunFolder {
  /// Makes the folder, unless it is there, and writes the plan as `config.yaml`. Rank 0's to call.
  /// - Throws: `StorageError.cannotWrite`.
  public static func open(_ path: String, plan: some RunPlan) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw StorageError.cannotWrite(path: path, reason: "the folder cannot be made")
    }
    try atomicWrite(Data(plan.yaml().utf8), to: (path as NSString).appendingPathComponent("config.yaml"))
  }
}
