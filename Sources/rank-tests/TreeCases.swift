import MPI

/// The fixed tree: every sum has the bits of a plain recursion over the lanes, whatever the number of ranks.
var treeCases: [String: RankCase] {
  [
    "tree": { group in
      for lanes in [1, 2, 8, 16] where lanes >= group.size {
        for count in [0, 1, 7, 1000] {
          for chunkBytes in [64, 256, 4 << 20] {
            try checkTree(group, lanes: lanes, count: count, chunkBytes: chunkBytes, of: Float.self)
            try checkTree(group, lanes: lanes, count: count, chunkBytes: chunkBytes, of: Double.self)
          }
        }
        try checkTree(group, lanes: lanes, count: 100_003, chunkBytes: 40_000, of: Float.self)
        try checkTree(group, lanes: lanes, count: 100_003, chunkBytes: 4 << 20, of: Float.self)
      }
    },
    "tree-small-calls": withEveryCallLimit { group in
      try checkTree(group, lanes: 16, count: 103, chunkBytes: 256, of: Float.self)
    },
    "tree-scalars": { group in
      for lanes in [1, 2, 8, 64] where lanes >= group.size {
        let reducer = try FixedTreeReducer(group: group, tree: LaneTree(lanes: lanes))
        let sum = try reducer.sum(reducer.ownLeaves.map { laneValue($0, 0) })
        let expected = plainSum(0..<lanes, 0, of: Double.self)
        try expect(sum.bitPattern == expected.bitPattern, "\(sum) is \(expected) over \(lanes) lanes")
      }
    },
    "tree-too-many-ranks": { group in
      guard group.size > 1 else { return }
      do {
        _ = try FixedTreeReducer(group: group, tree: LaneTree(lanes: 1))
        throw CheckFailed("one lane was shared by \(group.size) ranks")
      } catch let error as MPIError {
        try expect(error == .moreRanksThanLanes(ranks: group.size, lanes: 1), "\(error) says why")
      }
    },
  ]
}

/// Numbers of wildly different magnitude and sign: any other order of addition shows in their sum.
private func laneValue<E: BinaryFloatingPoint>(_ lane: Int, _ element: Int) -> E {
  var bits = UInt64(lane &* 1_000_003 &+ element) &* 0x9e37_79b9_7f4a_7c15
  bits ^= bits >> 29
  bits &*= 0xbf58_476d_1ce4_e5b9
  bits ^= bits >> 32
  let fraction = E(Int64(bits >> 40)) / E(1 << 24) + 1
  let exponent = E.Exponent(Int(bits & 31) - 16)
  return E(sign: bits & 32 == 0 ? .plus : .minus, exponent: exponent, significand: fraction)
}

/// The tree by its definition: the sum of a node is that of its left half plus that of its right half.
private func plainSum<E: BinaryFloatingPoint>(_ node: Range<Int>, _ element: Int, of type: E.Type) -> E {
  if node.count == 1 { return laneValue(node.lowerBound, element) }
  let middle = (node.lowerBound + node.upperBound) / 2
  return plainSum(node.lowerBound..<middle, element, of: E.self)
    + plainSum(middle..<node.upperBound, element, of: E.self)
}

private func checkTree<E: TreeElement & BinaryFloatingPoint>(
  _ group: any ProcessGroup, lanes: Int, count: Int, chunkBytes: Int, of type: E.Type
) throws {
  let what = "\(lanes) lanes of \(count) \(E.self)s on \(group.size) ranks, chunks of \(chunkBytes) bytes"
  let reducer = try FixedTreeReducer(group: group, tree: LaneTree(lanes: lanes), chunkBytes: chunkBytes)
  let expected = (0..<count).map { plainSum(0..<lanes, $0, of: E.self) }

  let reduced = LaneBuffers<E>(reducer.ownLeaves, count: count)
  let partials = reducer.fold(leafBuffers: reduced.buffers)
  try reducer.allReduce(partials)
  try expectEqual(Array(partials[0]), expected, "all-reduce of \(what)")

  // Unequal ranges: the first rank of several owns none, later ones more and more.
  let size = group.size
  let bounds = (0...size).map { $0 == size ? count : $0 * ($0 - 1) * count / (size * size) }
  let shares = (0..<size).map { bounds[$0 + 1] - bounds[$0] }
  let part = bounds[group.rank]..<bounds[group.rank + 1]

  let scattered = LaneBuffers<E>(reducer.ownLeaves, count: count)
  var own = [E](repeating: .nan, count: part.count)
  try own.withUnsafeMutableBufferPointer {
    try reducer.reduceScatter(reducer.fold(leafBuffers: scattered.buffers), shares: shares, into: $0)
  }
  try expectEqual(own, Array(expected[part]), "reduce-scatter of \(what)")

  let inPlace = LaneBuffers<E>(reducer.ownLeaves, count: count)
  let folded = reducer.fold(leafBuffers: inPlace.buffers)
  let place = UnsafeMutableBufferPointer(rebasing: folded[0][part])
  try reducer.reduceScatter(folded, shares: shares, into: place)
  try expectEqual(Array(place), Array(expected[part]), "reduce-scatter in place of \(what)")
}

/// One buffer for each of a rank's lanes, filled with what those lanes contribute.
private final class LaneBuffers<E: TreeElement & BinaryFloatingPoint> {
  let buffers: [UnsafeMutableBufferPointer<E>]

  init(_ lanes: Range<Int>, count: Int) {
    buffers = lanes.map { lane in
      let buffer = UnsafeMutableBufferPointer<E>.allocate(capacity: count)
      for i in 0..<count { buffer.initializeElement(at: i, to: laneValue(lane, i)) }
      return buffer
    }
  }

  deinit { buffers.forEach { $0.deallocate() } }
}
