import Evaluation
import Foundation
import Storage

/// A blend on disk: a folder with `blend.json`, which names its members and their weights. What they have learned stays
/// where it is.
///
/// Paths are relative to the folder, so that a blend and its members can be moved together. Nothing in it tells time,
/// place or the number of ranks.
package struct SavedBlend: ChecksummedJSON, Equatable, Sendable {
  package static let fileName = "blend.json"
  private static let currentVersion = 1

  struct Member: Codable, Equatable, Sendable {
    /// Relative to the blend's folder.
    var checkpoint: String
    var model: String
    /// SHA-256 of the checkpoint's `state.json`, which has those of its other files.
    var stateSha256: String
    var weight: Float
  }

  /// What the weights were chosen by.
  struct Choice: Codable, Equatable, Sendable {
    var metric: String
    /// Its value with these weights.
    var value: Double
    var sessions: Int
    /// The fingerprint of the data set whose valid split they are from.
    var dataset: String
  }

  private var formatVersion = Self.currentVersion
  var members: [Member]
  /// To which power the members' shares are added.
  var power: BlendPower
  /// What the weights are meant for.
  package var settings: RankingSettings
  /// nil where all weights were given.
  var chosen: Choice?
  /// SHA-256 of this as it is encoded without the checksum itself.
  package var checksum: String?

  init(members: [Member], power: BlendPower, settings: RankingSettings, chosen: Choice?) {
    self.members = members
    self.power = power
    self.settings = settings
    self.chosen = chosen
  }

  /// Whether a folder holds a blend.
  static func isThere(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: joined(folder, fileName))
  }

  /// - Throws: `CheckpointError.malformed`.
  init(reading folder: String) throws {
    let path = joined(folder, Self.fileName)
    let data = FileManager.default.contents(atPath: path) ?? Data()
    guard let blend = try? Self(decoding: data), blend.isPossible else {
      throw CheckpointError.malformed(path: path, reason: "it is cut off or not what caravan writes")
    }
    guard blend.formatVersion == Self.currentVersion else {
      throw CheckpointError.malformed(
        path: path, reason: "its format version is \(blend.formatVersion), this caravan reads \(Self.currentVersion)")
    }
    guard try blend.checksum == blend.ownChecksum() else {
      throw CheckpointError.malformed(
        path: path, reason: "its bytes are not those that were written: make the blend anew with caravan blend")
    }
    self = blend
  }

  private var isPossible: Bool {
    members.count > 1 && members.allSatisfy { $0.weight >= 0 && $0.weight.isFinite && !$0.checkpoint.isEmpty }
  }

  /// The members of the blend in a folder, as they are asked for.
  func members(in folder: String) -> [BlendMember] {
    members.map { member in
      BlendMember(
        joined(folder, member.checkpoint), weight: member.weight,
        saved: .init(blend: folder, name: member.checkpoint, stateSHA256: member.stateSha256))
    }
  }
}
