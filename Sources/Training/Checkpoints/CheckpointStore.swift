import Foundation
import Storage

/// The checkpoints of a run: `step-%08d` folders, and the links `latest` and `best`.
///
/// A checkpoint is whole or not there: it is written under another name, verified by checksums, renamed. Only
/// rank 0 uses a store.
public struct CheckpointStore {
  /// Besides the best one, how many checkpoints are kept.
  static let kept = 2

  /// `RUN/checkpoints`.
  public let folder: String

  /// - Parameter run: the folder of the run; nothing is created.
  public init(run: String) { folder = joined(run, "checkpoints") }

  /// The folder of the checkpoint after `step` steps.
  public func path(ofStep step: Int) -> String { path(name(ofStep: step)) }

  /// The steps of which there are checkpoints, whole or not, rising.
  public var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix("step-") }.compactMap { Int($0.dropFirst(5)) }.sorted()
  }

  /// The newest checkpoint that is whole, and those that were passed over.
  public func newestWhole() -> (folder: String, damaged: [String])? {
    var damaged: [String] = []
    for step in steps.reversed() {
      if (try? CheckpointState(verifying: path(ofStep: step))) != nil { return (path(ofStep: step), damaged) }
      damaged.append(path(ofStep: step))
    }
    return nil
  }

  /// The best checkpoint; nil where there is none.
  var best: String? {
    FileManager.default.fileExists(atPath: path("best")) ? Self.withoutLinks(path("best")) : nil
  }

  /// Whether a folder is the checkpoint of this run after `step` steps.
  func isOwn(_ checkpoint: String, step: Int) -> Bool {
    Self.withoutLinks(checkpoint) == Self.withoutLinks(path(ofStep: step))
  }

  /// Points `latest`, and if it is the best `best`, to a checkpoint, and removes those no longer needed.
  func publish(step: Int, isBest: Bool) throws {
    try replaceSymbolicLink(at: path("latest"), to: name(ofStep: step))
    if isBest { try replaceSymbolicLink(at: path("best"), to: name(ofStep: step)) }
    let best = try? FileManager.default.destinationOfSymbolicLink(atPath: path("best"))
    for old in steps.filter({ $0 <= step }).dropLast(Self.kept) where name(ofStep: old) != best {
      try removeIfThere(path(ofStep: old))
    }
  }

  /// Removes what a killed run left half-written, and checkpoints from beyond `step`, which another run made.
  func discard(beyond step: Int) throws {
    for stale in steps where stale > step { try removeIfThere(path(ofStep: stale)) }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix(".step-") {
      try removeIfThere(path(name))
    }
    for link in ["latest", "best"] where !FileManager.default.fileExists(atPath: path(link)) {
      try removeIfThere(path(link))
    }
  }

  /// The checkpoint folder that a user means by a run folder (its best, else its latest), a checkpoint folder or
  /// a link to one.
  /// - Throws: `TrainingError.notACheckpoint`.
  public static func resolve(_ given: String) throws -> String {
    let checkpoints = CheckpointStore(run: given)
    for candidate in [given, checkpoints.path("best"), checkpoints.path("latest")] {
      let state = joined(candidate, CheckpointState.fileName)
      if FileManager.default.fileExists(atPath: state) {
        return withoutLinks(candidate)
      }
    }
    throw TrainingError.notACheckpoint(path: given)
  }

  /// A path as it is without symbolic links, absolute.
  private static func withoutLinks(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }

  private func name(ofStep step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }

  private func path(_ name: String) -> String { joined(folder, name) }
}
