import Learning
import MPI

/// The memory that a snapshot takes beside training, and whether there is that much.
package struct SnapshotMemory {
  /// Bytes that this rank needs, and all ranks of its node together.
  private let own: Int
  private let ofNode: Int

  /// Collective.
  init(_ training: Trainer) throws(MPIError) {
    let group = training.group
    // Weights, and two moments of each.
    var floats = 3 * training.table.own.count
    if group.rank == 0 {
      floats += 3 * training.model.parameters.denseStorage.count
      if group.size > 1 { floats += PieceQueue.mostRooms * SnapshotPieces.pieceCount }
    }
    own = floats * MemoryLayout<Float>.stride
    let node = try group.splitByNode()
    ofNode = try node.allGather([own]).all.reduce(0, +)
    try (node as? Communicator)?.free()
  }

  package init(own: Int, ofNode: Int) {
    self.own = own
    self.ofNode = ofNode
  }

  /// Whether it fits in what is left.
  /// - Parameters:
  ///   - ofProcess: what this process may still take; nil without a limit.
  ///   - ofNode: what all processes of the node may; nil where that is not known.
  package func fits(ofProcess: Int?, ofNode: Int?) -> Bool { own <= ofProcess ?? .max && self.ofNode <= ofNode ?? .max }

  /// Whether it fits on all ranks now; collective.
  func isThere(on group: any ProcessGroup) throws(MPIError) -> Bool {
    var lacks: [Int32] = [fits(ofProcess: NodeMemory.ofProcess(), ofNode: NodeMemory.available()) ? 0 : 1]
    try group.maximum(&lacks)
    return lacks[0] == 0
  }
}
