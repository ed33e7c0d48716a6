import Evaluation
import Foundation
import MPI

/// What is asked to rank: a checkpoint, alone or with others blended in, or a saved blend.
package struct RankingRequest: Sendable {
  package let members: [BlendMember]
  /// To which power their shares are added.
  package let power: BlendPower
  /// Whether weights that are not given are to be chosen: `--blend auto`.
  package let choosesWeights: Bool
  /// How a saved blend is meant to rank; nil where there is none.
  package let settings: RankingSettings?

  /// Looks on rank 0 whether a path leads to a saved blend; collective.
  /// - Parameters:
  ///   - checkpoint: a run, a checkpoint, a link to one, or a saved blend.
  ///   - blend: what is blended in, each `CHECKPOINT` or `CHECKPOINT:weight`, and `auto`.
  /// - Throws: `BlendError`, `CheckpointError.malformed`.
  package init(checkpoint: String, blend: [String], group: any ProcessGroup) throws {
    choosesWeights = blend.contains("auto")
    let blended = try blend.filter { $0 != "auto" }.map(BlendMember.init(parsing:))
    var bytes = try group.together { () -> [UInt8] in
      guard group.rank == 0, SavedBlend.isThere(checkpoint) else { return [] }
      return Array(try SavedBlend(reading: checkpoint).encoded())
    }
    try group.broadcast(resizing: &bytes, from: 0)
    if bytes.isEmpty {
      if choosesWeights, !blended.contains(where: { $0.weight == nil }) { throw BlendError.nothingToChoose }
      members = [BlendMember(checkpoint)] + blended
      power = .one
      settings = nil
    } else {
      if !blend.isEmpty { throw BlendError.isBlend(path: checkpoint) }
      let saved = try SavedBlend(decoding: Data(bytes))
      members = saved.members(in: checkpoint)
      power = saved.power
      settings = saved.settings
    }
  }
}
