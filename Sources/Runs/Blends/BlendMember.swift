import Foundation
import Storage

/// A checkpoint that is to rank, alone or with others, and what it counts for.
public struct BlendMember: Equatable, Sendable {
  /// A run folder, a checkpoint folder or a link.
  public let checkpoint: String
  /// nil where none was given.
  public let weight: Float?
  /// What a saved blend says of it; nil where any checkpoint will do.
  let saved: Saved?

  struct Saved: Equatable, Sendable {
    /// The blend's folder.
    let blend: String
    /// The checkpoint as the blend names it.
    let name: String
    /// SHA-256 of the checkpoint's `state.json`.
    let stateSHA256: String
  }

  /// - Parameters:
  ///   - checkpoint: a run, one of its checkpoints, or a link to one.
  ///   - weight: from 0 up; nil where it is to be chosen, or there is one member.
  public init(_ checkpoint: String, weight: Float? = nil) {
    self.init(checkpoint, weight: weight, saved: nil)
  }

  init(_ checkpoint: String, weight: Float?, saved: Saved?) {
    self.checkpoint = checkpoint
    self.weight = weight
    self.saved = saved
  }

  /// Parses `CHECKPOINT` or `CHECKPOINT:weight`.
  /// - Throws: `BlendError.badMember` for an empty path or a weight that is negative or not finite.
  public init(parsing text: String) throws(BlendError) {
    let (path, weight): (String, Float?) = pathAndNumber(in: text)
    guard !path.isEmpty, (weight ?? 0) >= 0, (weight ?? 0).isFinite else { throw .badMember(text) }
    self.init(path, weight: weight)
  }
}

// Rank 0's part: whether the checkpoint is the one that is meant.
extension BlendMember {
  /// - Throws: `BlendError.missingMember`, `.badMember`, `.isBlend`.
  func requirePlace() throws(BlendError) {
    let isThere = { FileManager.default.fileExists(atPath: $0) }
    if let saved, !isThere(joined(checkpoint, CheckpointState.fileName)) {
      throw .missingMember(saved.name, blend: saved.blend)
    }
    // A weight that is no number was taken for a part of the path.
    if let colon = checkpoint.lastIndex(of: ":"), !isThere(checkpoint), isThere(String(checkpoint[..<colon])) {
      throw .badMember(checkpoint)
    }
    if SavedBlend.isThere(checkpoint) { throw .isBlend(path: checkpoint) }
  }

  /// The folder of the checkpoint, and the SHA-256 of its state, which has those of all its files.
  /// - Throws: `BlendError.otherMember`, `StorageError`.
  func identify(_ opened: Checkpoint) throws -> (folder: String, sha256: String) {
    let found = try Checksum.sha256(ofFile: opened.path(CheckpointState.fileName))
    if let saved, saved.stateSHA256 != found {
      throw BlendError.otherMember(saved.name, blend: saved.blend)
    }
    return (opened.folder, found)
  }
}
