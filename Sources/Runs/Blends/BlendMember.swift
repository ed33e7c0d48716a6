import Foundation
import Storage

/// A checkpoint that is to rank, alone or with others, and what it counts for.
public struct BlendMember: Equatable, Sendable {
  /// A run folder, a checkpoint folder or a link.
  public let checkpoint: String
  /// nil where none was given.
  public let weight: Float?
  /// The SHA-256 that its `state.json` must have, and the blend that says so; nil where any will do.
  let expected: (sha256: String, blend: String)?

  public init(_ checkpoint: String, weight: Float? = nil) {
    self.init(checkpoint, weight: weight, expected: nil)
  }

  init(_ checkpoint: String, weight: Float?, expected: (sha256: String, blend: String)?) {
    self.checkpoint = checkpoint
    self.weight = weight
    self.expected = expected
  }

  /// Parses `CHECKPOINT` or `CHECKPOINT:weight`.
  /// - Throws: `BlendError.badMember` for an empty path or a weight that is negative or not finite.
  public init(parsing text: String) throws(BlendError) {
    var path = text[...], weight: Float?
    if let colon = text.lastIndex(of: ":"), let number = Float(text[text.index(after: colon)...]) {
      (path, weight) = (text[..<colon], number)
    }
    guard !path.isEmpty, (weight ?? 0) >= 0, (weight ?? 0).isFinite else { throw .badMember(text) }
    self.init(String(path), weight: weight)
  }

  public static func == (one: BlendMember, other: BlendMember) -> Bool {
    (one.checkpoint, one.weight) == (other.checkpoint, other.weight)
      && one.expected?.sha256 == other.expected?.sha256
  }
}

// Rank 0's part: whether the checkpoint is the one that is meant.
extension BlendMember {
  /// - Throws: `BlendError.missingMember`, `.isBlend`.
  func requirePlace() throws(BlendError) {
    if let expected, !FileManager.default.fileExists(atPath: joined(checkpoint, CheckpointState.fileName)) {
      throw .missingMember(path: checkpoint, blend: expected.blend)
    }
    if SavedBlend.isThere(checkpoint) { throw .isBlend(path: checkpoint) }
  }

  /// The folder of the checkpoint, and the SHA-256 of its state, which has those of all its files.
  /// - Throws: `BlendError.otherMember`, `StorageError`.
  func identify(_ opened: Checkpoint) throws -> (folder: String, sha256: String) {
    let found = try Checksum.sha256(ofFile: opened.path(CheckpointState.fileName))
    if let expected, expected.sha256 != found {
      throw BlendError.otherMember(
        path: checkpoint, blend: expected.blend, saved: expected.sha256, found: found)
    }
    return (opened.folder, found)
  }
}
