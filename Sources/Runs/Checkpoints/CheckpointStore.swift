import Foundation
import Storage
import Text

/// The checkpoints of a run: `step-%08d` folders, and the links `latest` and `best`.
///
/// A checkpoint is whole or not there: it is written under another name, verified by checksums, renamed. Which is the
/// best is known from the newest one's state; the links are for people, and a copy of the run may lack them or have
/// folders in their place. Only rank 0 uses a store.
public struct CheckpointStore {
  /// Besides the best one, how many checkpoints are kept.
  static let kept = 2
  private static let links = ["latest", "best"]

  /// `RUN/checkpoints`.
  public let folder: String

  /// - Parameter run: the folder of the run; nothing is created.
  public init(run: String) { folder = joined(run, "checkpoints") }

  private init(folder: String) { self.folder = folder }

  /// The folder of the checkpoint after `step` steps.
  public func path(ofStep step: Int) -> String { path(name(ofStep: step)) }

  /// The steps of which there are checkpoints, whole or not, rising.
  public var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { file in
      guard file.hasPrefix("step-"), let step = Int(file.dropFirst(5)), step >= 1 else { return nil }
      return file == name(ofStep: step) ? step : nil
    }.sorted()
  }

  // MARK: Which is which

  /// The newest checkpoint that is whole, and those that were passed over.
  /// - Parameter useless: a step whose checkpoint is not looked at; nil for none.
  public func newestWhole(but useless: Int? = nil) -> (folder: String, damaged: [String])? {
    var damaged: [String] = []
    for step in steps.reversed() where step != useless {
      if isWhole(step) { return (path(ofStep: step), damaged) }
      damaged.append(path(ofStep: step))
    }
    return nil
  }

  /// What is wrong with the newest checkpoint, in words.
  var faultOfNewest: String {
    guard let step = steps.last else { return "nothing is there" }
    do {
      _ = try CheckpointState(verifying: path(ofStep: step))
      return "nothing is wrong"
    } catch {
      return "\(error)"
    }
  }

  /// The best checkpoint as the newest one's state has it, and as long as that knows of none what `best` leads to; nil
  /// where there is none.
  var best: String? {
    let found = found
    if let step = Self.bestStep(of: found) { return found[step] }
    return Self.isReadable(path("best")) ? path("best") : nil
  }

  /// Whether the best checkpoint is known, but not there or not whole: going on from the newest would not make it again.
  package var isBestLost: Bool {
    let found = found
    guard let step = Self.bestStep(of: found) else { return false }
    return !(found[step].map { (try? CheckpointState(verifying: $0)) != nil } ?? false)
  }

  /// Whether a folder is the checkpoint of this run after `step` steps.
  func isOwn(_ checkpoint: String, step: Int) -> Bool {
    Self.withoutLinks(checkpoint) == Self.withoutLinks(path(ofStep: step))
  }

  /// The checkpoint folder that a user means by a run folder (its best, else its newest), the folder of its
  /// checkpoints, a checkpoint folder, or a link to one.
  /// - Throws: `CheckpointError.notACheckpoint`.
  public static func resolve(_ given: String) throws -> String {
    if FileManager.default.fileExists(atPath: joined(given, CheckpointState.fileName)) { return withoutLinks(given) }
    for store in [CheckpointStore(run: given), CheckpointStore(folder: given)] {
      let found = store.found
      if let best = store.best {
        if let newest = found.keys.max(), let folder = found[newest], !isReadable(folder) {
          warn("the newest checkpoint of \(given), after step \(newest), is damaged: taking an older one, \(best)")
        }
        return withoutLinks(best)
      }
      guard let newest = found.keys.max(), let folder = found[newest] else { continue }
      if let lost = bestStep(of: found) {
        warn("\(given) lacks its best checkpoint, after step \(lost): taking that after step \(newest)")
      }
      return withoutLinks(folder)
    }
    if SavedBlend.isThere(given) { throw CheckpointError.isBlend(path: given) }
    if FileManager.default.fileExists(atPath: joined(given, RunLogHandler.fileName)) {
      throw CheckpointError.noneYet(path: given)
    }
    throw CheckpointError.notACheckpoint(path: given, run: RunFolder.first(inside: given))
  }

  private static func isReadable(_ folder: String) -> Bool { (try? CheckpointState(reading: folder)) != nil }

  private static func warn(_ text: String) { StandardError.print("warning: \(text)\n") }

  /// All checkpoints by their steps: the folders of steps and, in a copy that followed links, `latest` and `best`.
  private var found: [Int: String] {
    var found: [Int: String] = [:]
    for link in Self.links {
      if let state = try? CheckpointState(reading: path(link)) { found[state.step] = path(link) }
    }
    for step in steps { found[step] = path(ofStep: step) }
    return found
  }

  /// The best step, as the newest state that can be read has it.
  private static func bestStep(of found: [Int: String]) -> Int? {
    let newestFirst = found.sorted { $0.key > $1.key }
    return newestFirst.lazy.compactMap { try? CheckpointState(reading: $0.value) }.first?.progress.bestStep
  }

  private func isWhole(_ step: Int) -> Bool { (try? CheckpointState(verifying: path(ofStep: step)))?.step == step }

  // MARK: Changes

  /// Points `latest` to a checkpoint and `best` to the best so far, and removes those no longer needed.
  /// - Parameter best: nil where the state does not tell, as that of older runs without a valid split.
  func publish(step: Int, best: Int?) throws {
    let best = best ?? (try? CheckpointState(reading: path("best")))?.step
    try replaceSymbolicLink(at: path("latest"), to: name(ofStep: step))
    if let best, FileManager.default.fileExists(atPath: path(ofStep: best)) {
      try replaceSymbolicLink(at: path("best"), to: name(ofStep: best))
    }
    for old in steps.filter({ $0 <= step }).dropLast(Self.kept) where old != best {
      try removeIfThere(path(ofStep: old))
    }
  }

  /// Puts a checkpoint's state in the place of the one that was saved with it.
  func rewrite(_ progress: RunProgress, ofStep step: Int) throws {
    var state = try CheckpointState(reading: path(ofStep: step))
    state.progress = progress
    try atomicWrite(state.encoded(), to: joined(path(ofStep: step), CheckpointState.fileName))
  }

  /// Makes step folders again of `latest` and `best` where a copy of the run has folders in the links' places.
  func restoreLinks() throws {
    for link in Self.links where isFolder(path(link)) {
      let copy = path(link)
      if let state = try? CheckpointState(verifying: copy) {
        if isWhole(state.step) {
          try removeIfThere(copy)
        } else {
          try removeIfThere(path(ofStep: state.step))
          try move(copy, to: path(ofStep: state.step))
        }
        try replaceSymbolicLink(at: copy, to: name(ofStep: state.step))
      } else {
        try removeIfThere(path("damaged-\(link)"))
        try move(copy, to: path("damaged-\(link)"))
      }
    }
  }

  /// Removes what a killed run left half-written, and checkpoints from beyond `step`, which another run made.
  func discard(beyond step: Int) throws {
    for stale in steps where stale > step { try removeIfThere(path(ofStep: stale)) }
    for kept in steps { try removeStaleTemporaries(in: path(ofStep: kept), of: CheckpointState.fileName) }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix(".step-") || Self.links.contains(where: { name.hasPrefix(".\($0).tmp-") }) {
      try removeIfThere(path(name))
    }
    for link in Self.links where !FileManager.default.fileExists(atPath: path(link)) {
      try removeIfThere(path(link))
    }
  }

  private func move(_ from: String, to destination: String) throws(StorageError) {
    do {
      try FileManager.default.moveItem(atPath: from, toPath: destination)
    } catch {
      throw .cannotWrite(path: destination, reason: "\(from) cannot be renamed to it")
    }
  }

  /// Whether there is a folder itself, not a link to one.
  private func isFolder(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.type] as? FileAttributeType == .typeDirectory
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
