/// The balanced binary tree over the lanes of a batch: the one order in which contributions are added.
///
/// Floating-point addition is not associative, so a sum whose order follows the rank count changes with it.
/// A node covers an aligned power-of-two range of lanes and is the sum of its left and its right half, in
/// that order. Ranks own contiguous runs of lanes; each run is made of whole subtrees. The stripes of a catalogue are
/// the leaves of such a tree, too.
public struct LaneTree: Equatable, Sendable {
  /// The most leaves that a tree may have.
  public static let maximumLanes = 4096
  /// How many leaves this tree has: a power of two.
  public let lanes: Int

  /// - Parameter lanes: a power of two, 1 ... 4096.
  /// - Throws: `MPIError.lanesNotAPowerOfTwo`.
  public init(lanes: Int) throws(MPIError) {
    guard (1...Self.maximumLanes).contains(lanes), lanes.nonzeroBitCount == 1 else {
      throw .lanesNotAPowerOfTwo(lanes)
    }
    self.lanes = lanes
  }

  /// The lanes that a rank computes: contiguous, in rank order, and at most one more on one rank than on another.
  /// - Throws: `MPIError.moreRanksThanLanes`.
  public func lanes(of rank: Int, size: Int) throws(MPIError) -> Range<Int> {
    precondition((0..<size).contains(rank), "there is no rank \(rank) of \(size)")
    guard size <= lanes else { throw .moreRanksThanLanes(ranks: size, lanes: lanes) }
    return rank * lanes / size..<(rank + 1) * lanes / size
  }

  /// The fewest nodes of the tree that make up a run of lanes, in lane order.
  public func subtrees(of run: Range<Int>) -> [Range<Int>] {
    precondition(run.lowerBound >= 0 && run.upperBound <= lanes, "lanes \(run) are outside 0 ..< \(lanes)")
    var nodes: [Range<Int>] = []
    var start = run.lowerBound
    while start < run.upperBound {
      var width = start == 0 ? lanes : 1 << start.trailingZeroBitCount
      while start + width > run.upperBound { width /= 2 }
      nodes.append(start..<start + width)
      start += width
    }
    return nodes
  }

  /// The tree's sum of one number a lane.
  public func fold(_ laneValues: [Double]) -> Double {
    precondition(laneValues.count == lanes, "\(laneValues.count) values for \(lanes) lanes")
    var sums = laneValues
    for step in additions(of: (0..<lanes).map { $0..<$0 + 1 }, under: 0..<lanes) {
      sums[step.target] += sums[step.source]
    }
    return sums[0]
  }

  /// One addition of blocks: `target += source`, where the target is the left of the two.
  public struct Addition: Sendable {
    /// The block that is added to, by its index.
    public let target: Int
    /// The block that is added and stays as it is, by its index.
    public let source: Int

    /// Both by their indices, from 0.
    public init(target: Int, source: Int) {
      self.target = target
      self.source = source
    }
  }

  /// The additions, in order, that leave the sum of `node` in its first block.
  /// - Parameter blocks: nodes of the tree, in lane order, that make up `node`; additions name them by index.
  public func additions(of blocks: [Range<Int>], under node: Range<Int>) -> [Addition] {
    var steps: [Addition] = []
    var next = 0
    func add(_ node: Range<Int>) -> Int {
      precondition(next < blocks.count && blocks[next].lowerBound == node.lowerBound, "lanes are missing")
      if blocks[next] == node {
        next += 1
        return next - 1
      }
      let middle = node.lowerBound + node.count / 2
      let left = add(node.lowerBound..<middle)
      let right = add(middle..<node.upperBound)
      steps.append(Addition(target: left, source: right))
      return left
    }
    _ = add(node)
    return steps
  }
}
