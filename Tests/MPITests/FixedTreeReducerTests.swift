import MPI
import Testing

@Suite struct FixedTreeReducerTests {
  @Test func aloneTheFoldIsTheWholeTree() throws {
    let reducer = try FixedTreeReducer(group: SoloGroup(), tree: LaneTree(lanes: 4))
    #expect(reducer.ownLeaves == 0..<4)
    #expect(reducer.ownSubtrees == [0..<4])
    // 2^24 + 1 rounds to 2^24 in Float32: only the pairs of the tree leave 1.
    let lanes: [[Float]] = [[0x1p24, 1], [1, 2], [-0x1p24, 3], [1, 4]]
    let buffers = lanes.map { lane in
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 2)
      _ = buffer.initialize(from: lane)
      return buffer
    }
    defer { buffers.forEach { $0.deallocate() } }
    let partials = reducer.fold(leafBuffers: buffers)
    try reducer.allReduce(partials)
    #expect(Array(partials[0]) == [(0x1p24 + 1) + (-0x1p24 + 1), 10])

    let own = UnsafeMutableBufferPointer<Float>.allocate(capacity: 2)
    defer { own.deallocate() }
    try reducer.reduceScatter(partials, shares: [2], into: own)
    #expect(Array(own) == Array(partials[0]))
  }

  @Test func additionCoversEveryElement() {
    // Lengths around the width of the vectors, and into either operand's own memory.
    for count in 0...70 {
      var left = (0..<count).map { Double($0) * 0.1 }
      let right = (0..<count).map { Double($0 * $0) * 0.3 }
      let expected = zip(left, right).map(+)
      left.withUnsafeMutableBufferPointer { left in
        right.withUnsafeBufferPointer { right in
          guard let l = left.baseAddress, let r = right.baseAddress else { return }
          Double.add(l, r, to: l, count: count)
        }
      }
      #expect(left == expected)
    }
  }

  @Test func sumOfLaneValuesUsesTheTree() throws {
    let reducer = try FixedTreeReducer(group: SoloGroup(), tree: LaneTree(lanes: 4))
    #expect(try reducer.sum([0x1p53, 1, -0x1p53, 1]) == (0x1p53 + 1) + (-0x1p53 + 1))
  }
}
