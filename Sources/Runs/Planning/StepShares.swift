import Catalogue
import Foundation
import Learning
import MPI

/// Who has what of a step: lanes, blocks, stripes and rows of each rank.
package struct StepShares: Sendable {
  let placement: TablePlacement
  let layout: CatalogueLayout
  /// How many ranks there are.
  package let size: Int
  let lanes: [Range<Int>]
  /// Lanes, blocks and stripes of each rank, as nodes of their trees: a rank sends a partial sum for each.
  let laneNodes: [Int]
  let blockNodes: [Int]
  let stripeNodes: [Int]
  /// Where each rank's rows begin, and where the last one's end.
  private let rowBounds: [Int]
  private let load: StepLoad
  /// By how many lanes a rank has: different rows that its clicks and targets look up.
  private var distinct: [Int: Double] = [:]

  /// - Throws: `MPIError.moreRanksThanLanes`, `.moreRanksThanBlocks`, `.lanesNotAPowerOfTwo`.
  package init(_ load: StepLoad, ranks: Int) throws(MPIError) {
    let blocks = min(load.headBlocks, load.lanes)
    let batch = try BatchLayout(
      lanes: load.lanes, blocks: blocks, takesWholeBlocks: load.isFullLoss && load.placement == .replicated,
      ranks: ranks)
    let layout = CatalogueLayout(rows: load.items + 1)
    self.load = load
    self.layout = layout
    placement = load.placement
    size = ranks
    lanes = batch.lanesOfRanks
    laneNodes = lanes.map { batch.lanes.subtrees(of: $0).count }
    let lanesOfBlock = load.lanes / blocks
    blockNodes =
      load.placement == .sharded
      ? []
      : lanes.map { batch.blocks.subtrees(of: $0.lowerBound / lanesOfBlock..<$0.upperBound / lanesOfBlock).count }
    stripeNodes = (0..<ranks).map { layout.tree.subtrees(of: layout.stripes(of: $0, size: ranks)).count }
    rowBounds = layout.rowBounds(size: ranks)
    for own in Set(lanes.map(\.count)) {
      distinct[own] = Self.distinctRows(load, sessions: Double(load.batchSize * own) / Double(load.lanes))
    }
  }

  var isSharded: Bool { placement == .sharded }

  /// Rows that a rank updates.
  func rows(of rank: Int) -> Int { rowBounds[rank + 1] - rowBounds[rank] }

  /// Stripes that a rank walks, and their rows.
  package func walkedStripes(of rank: Int) -> Int {
    isSharded ? layout.stripes(of: rank, size: size).count : layout.stripeCount
  }
  func walkedRows(of rank: Int) -> Int { isSharded ? rows(of: rank) : layout.rows }

  /// Session vectors of a rank's own lanes.
  func targets(of rank: Int) -> Double { load.targets * Double(lanes[rank].count) / Double(load.lanes) }
  /// Clicks that a rank encodes.
  func clicks(of rank: Int) -> Double {
    Double(load.batchSize) * load.clicksPerSession * Double(lanes[rank].count) / Double(load.lanes)
  }

  /// Session vectors of a block, which is filled up to a multiple of 16.
  var targetsOfBlock: Double {
    (load.targets / Double(min(load.headBlocks, load.lanes)) / 16).rounded(.up) * 16
  }
  /// Session vectors that a rank multiplies with the rows that it walks.
  func multipliedTargets(of rank: Int) -> Double {
    let blocks = Double(min(load.headBlocks, load.lanes))
    return targetsOfBlock * (isSharded ? blocks : blocks * Double(lanes[rank].count) / Double(load.lanes))
  }

  /// Different rows that a rank's clicks and targets look up.
  func distinctRows(of rank: Int) -> Double { distinct[lanes[rank].count] ?? 0 }

  /// Different rows that some sessions look up.
  ///
  /// Counted on made-up sessions, which are about as skewed as Amazon-M2's: 27 % of a session's items are repeated in
  /// it, and the x-th part of the items that are most looked at has x^0.45 of the rest.
  private static func distinctRows(_ load: StepLoad, sessions: Double) -> Double {
    let draws = 0.73 * sessions * (load.clicksPerSession + load.targetsPerSession), items = Double(load.items)
    let exponent = 0.45, pieces = 200
    // Rows of one piece are alike; pieces grow, for the most popular rows differ most.
    return (0..<pieces).reduce(0.0) { sum, piece in
      let from = pow(Double(piece) / Double(pieces), 4), to = pow(Double(piece + 1) / Double(pieces), 4)
      let rows = items * (to - from), share = pow(to, exponent) - pow(from, exponent)
      return sum - rows * expm1(-draws * share / rows)
    }
  }
}
