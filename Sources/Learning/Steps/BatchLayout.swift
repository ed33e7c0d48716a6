import MPI

/// How a global batch is cut and shared out.
///
/// Sessions are encoded in lanes, and multiplied with the catalogue in blocks of neighbouring lanes, for a product of few
/// sessions is slow: so there may be many lanes, one a rank at the least, and still few blocks. Both decide the bits. A
/// rank that holds the whole table works on blocks of its own; ranks that share it work on all blocks.
package struct BatchLayout {
  package let lanes: LaneTree
  package let blocks: LaneTree
  /// The lanes of each rank.
  package let lanesOfRanks: [Range<Int>]

  /// - Parameters:
  ///   - blocks: at most as many as lanes.
  ///   - takesWholeBlocks: whether a rank's lanes make up blocks of its own.
  /// - Throws: `MPIError.moreRanksThanLanes`, `.moreRanksThanBlocks`, `.lanesNotAPowerOfTwo`.
  package init(lanes: Int, blocks: Int, takesWholeBlocks: Bool, ranks: Int) throws(MPIError) {
    precondition(blocks <= lanes, "\(blocks) blocks of \(lanes) lanes")
    self.lanes = try LaneTree(lanes: lanes)
    self.blocks = try LaneTree(lanes: blocks)
    var own: [Range<Int>] = []
    for rank in 0..<ranks {
      let ofLanes = try self.lanes.lanes(of: rank, size: ranks)
      if takesWholeBlocks {
        guard ranks <= blocks else { throw .moreRanksThanBlocks(ranks: ranks, blocks: blocks) }
        let ofBlocks = try self.blocks.lanes(of: rank, size: ranks)
        own.append(ofBlocks.lowerBound * lanes / blocks..<ofBlocks.upperBound * lanes / blocks)
      } else {
        own.append(ofLanes)
      }
    }
    lanesOfRanks = own
  }

  var lanesOfBlock: Int { lanes.lanes / blocks.lanes }

  /// The lanes of a block.
  func lanes(ofBlock block: Int) -> Range<Int> { block * lanesOfBlock..<(block + 1) * lanesOfBlock }
}
