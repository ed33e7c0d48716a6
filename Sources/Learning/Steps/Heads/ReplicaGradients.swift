import Catalogue
import MPI
import Tensors

/// The gradients of a whole item table that ranks with a replica each have for their own blocks of sessions, and their
/// sum: each rank gets that of its own rows (ZeRO stage 1: Rajbhandari et al., arXiv:1910.02054).
final class ReplicaGradients {
  /// Places among this rank's blocks: the runs that one gradient each is for.
  let subtrees: [Range<Int>]
  /// `[items + 1, D]` for each subtree. The padding row stays zero.
  let gradients: [Tensor]
  private let storage: [FloatStorage]
  private let table: ItemTable
  private let reducer: FixedTreeReducer

  init(_ table: ItemTable, _ batch: BatchLayout) {
    let blocks = batch.lanesOfRanks.map {
      $0.lowerBound / batch.lanesOfBlock..<$0.upperBound / batch.lanesOfBlock
    }
    self.table = table
    reducer = FixedTreeReducer(group: table.group, tree: batch.blocks, leaves: blocks)
    let first = reducer.ownLeaves.lowerBound
    subtrees = reducer.ownSubtrees.map { $0.lowerBound - first..<$0.upperBound - first }
    storage = subtrees.map { _ in FloatStorage(count: table.parameter.count) }
    gradients = storage.map { $0.tensor(rows: table.parameter.rows, columns: table.width) }
  }

  /// Adds the gradients of all ranks in the tree over the blocks; collective.
  /// - Returns: the sum for this rank's rows, in the memory of `gradients`.
  func sum() throws(MPIError) -> Tensor {
    let own = gradients[0].rows(table.ownRows)
    try reducer.reduceScatter(storage.map(\.elements), shares: table.shares, into: own.elements)
    return own
  }
}
