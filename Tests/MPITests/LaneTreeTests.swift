import MPI
import Testing

@Suite struct LaneTreeTests {
  @Test(arguments: [0, -2, 3, 12, 8192])
  func onlyPowersOfTwo(lanes: Int) {
    #expect(throws: MPIError.lanesNotAPowerOfTwo(lanes)) { try LaneTree(lanes: lanes) }
  }

  @Test(arguments: [1, 2, 8, 16, 64])
  func ranksShareAllLanesEvenly(lanes: Int) throws {
    let tree = try LaneTree(lanes: lanes)
    for size in 1...lanes {
      let runs = try (0..<size).map { try tree.lanes(of: $0, size: size) }
      #expect(runs.flatMap { Array($0) } == Array(0..<lanes))
      #expect(runs.map(\.count).max()! - runs.map(\.count).min()! <= 1)
      #expect(runs.allSatisfy { !$0.isEmpty })
    }
  }

  @Test func moreRanksThanLanes() throws {
    let tree = try LaneTree(lanes: 4)
    #expect(throws: MPIError.moreRanksThanLanes(ranks: 5, lanes: 4)) { try tree.lanes(of: 0, size: 5) }
    #expect(
      MPIError.moreRanksThanLanes(ranks: 5, lanes: 4).description
        == "5 ranks are more than the 4 lanes of a batch: start at most 4 ranks, or raise --lanes")
  }

  @Test func subtreesAreTheLargestAlignedNodes() throws {
    let tree = try LaneTree(lanes: 16)
    #expect(tree.subtrees(of: 0..<16) == [0..<16])
    #expect(tree.subtrees(of: 0..<5) == [0..<4, 4..<5])
    #expect(tree.subtrees(of: 5..<10) == [5..<6, 6..<8, 8..<10])
    #expect(tree.subtrees(of: 3..<16) == [3..<4, 4..<8, 8..<16])
    #expect(tree.subtrees(of: 7..<7) == [])
  }

  @Test func foldAddsPairsOfPairs() throws {
    // 2^53 + 1 rounds to 2^53, so the order shows: from left to right the sum is another.
    let values = [1.0, 1, 0x1p53, 1, -0x1p53, 0, 0, 0]
    let left = (values[0] + values[1]) + (values[2] + values[3])
    let byHand = left + ((values[4] + values[5]) + (values[6] + values[7]))
    #expect(values.reduce(0, +) == 4)
    #expect(byHand == 2)
    #expect(try LaneTree(lanes: 8).fold(values) == byHand)
    #expect(try LaneTree(lanes: 1).fold([3.5]) == 3.5)
  }
}
