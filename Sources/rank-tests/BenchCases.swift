import Foundation
import MPI

/// Timings, printed by rank 0; no test asks for them. The argument is the size in MB (10^6 bytes) of the floats.
var benchCases: [String: RankCase] {
  [
    "bench-tree": { group in
      let count = numberArgument(default: 50) * 1_000_000 / 4
      let reducer = try FixedTreeReducer(group: group, tree: LaneTree(lanes: 8))
      let partials = reducer.ownSubtrees.map { _ in
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        buffer.initialize(repeating: 1)
        return buffer
      }
      defer { partials.forEach { $0.deallocate() } }
      let bounds = (0...group.size).map { $0 * count / group.size }
      let shares = (0..<group.size).map { bounds[$0 + 1] - bounds[$0] }
      let own = UnsafeMutableBufferPointer(rebasing: partials[0][bounds[group.rank]..<bounds[group.rank + 1]])
      try time("tree all-reduce", group) { try reducer.allReduce(partials) }
      try time("tree reduce-scatter", group) { try reducer.reduceScatter(partials, shares: shares, into: own) }
      try time("all-gather", group) { try group.allGather(inPlace: partials[0], counts: shares) }
      try time("MPI_SUM all-reduce", group) { try group.allReduce(inPlace: partials[0], .sum) }
      var small: [Int64] = [1]
      try time("barrier", group) { try group.barrier() }
      try time("all-reduce of one number", group) { try group.sum(&small) }
      try time("tree sum of one number a lane", group) {
        _ = try reducer.sum(reducer.ownLeaves.map { Double($0) })
      }
    },
    "bench-large-count": { group in
      // More bytes than a 32-bit count can name.
      var bytes = [UInt8](repeating: UInt8(group.rank), count: 1 << 31 + 7)
      bytes[bytes.count - 1] = UInt8(10 + group.rank)
      try group.broadcast(&bytes, from: 0)
      try expect(bytes.last == 10 && bytes[1 << 30] == 0, "the last byte of many arrives")
    },
  ]
}

private func time(_ what: String, _ group: any ProcessGroup, _ body: () throws -> Void) throws {
  try body()
  var best = Double.infinity
  for _ in 0..<7 {
    try group.barrier()
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    best = min(best, Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
  }
  var slowest = [best]
  try group.maximum(&slowest)
  if group.rank == 0 { print(what, slowest[0], "ms") }
}
