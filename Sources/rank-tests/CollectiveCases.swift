import MPI

/// Collectives whose data has the same length on all ranks.
var collectiveCases: [String: RankCase] {
  [
    "broadcast": withEveryCallLimit { group in
      for root in 0..<group.size {
        for length in [0, 1, 7, 23] {
          try checkBroadcast(group, root: root, length: length) { Float(mark($0, $1)) }
          try checkBroadcast(group, root: root, length: length) { Double(mark($0, $1)) }
          try checkBroadcast(group, root: root, length: length) { Int32(mark($0, $1)) }
          try checkBroadcast(group, root: root, length: length) { UInt32(mark($0, $1)) }
          try checkBroadcast(group, root: root, length: length) { Int64(mark($0, $1)) << 40 }
          try checkBroadcast(group, root: root, length: length) { UInt64(mark($0, $1)) << 57 }
          try checkBroadcast(group, root: root, length: length) { UInt8(mark($0, $1)) }
        }
      }
    },
    "broadcast-unknown-length": withEveryCallLimit { group in
      for root in 0..<group.size {
        var bytes = (0..<(group.rank == root ? 19 : group.rank)).map { UInt8(mark(group.rank, $0)) }
        try group.broadcast(resizing: &bytes, from: root)
        try expectEqual(bytes, (0..<19).map { UInt8(mark(root, $0)) }, "bytes of rank \(root)")
        var text = group.rank == root ? "Größe \(root) 棚" : ""
        try group.broadcast(&text, from: root)
        try expect(text == "Größe \(root) 棚", "the text of rank \(root) arrives, not \(text)")
        var nothing = group.rank == root ? "" : "something"
        try group.broadcast(&nothing, from: root)
        try expect(nothing.isEmpty, "the empty text of rank \(root) arrives, not \(nothing)")
      }
    },
    "all-reduce": withEveryCallLimit { group in
      for length in [0, 1, 7, 23] {
        var sums = (0..<length).map { Int64(mark(group.rank, $0)) << 33 }
        try group.sum(&sums)
        let total = (0..<length).map { i in (0..<group.size).reduce(0) { $0 + Int64(mark($1, i)) << 33 } }
        try expectEqual(sums, total, "sums")

        var maxima = (0..<length).map { Double(mark(group.rank, $0)) - 60.5 }
        try group.maximum(&maxima)
        let most = (0..<length).map { i in (0..<group.size).map { Double(mark($0, i)) - 60.5 }.max()! }
        try expectEqual(maxima, most, "maxima")

        var minima = (0..<length).map { Int32(mark(group.rank, $0)) - 60 }
        try minima.withUnsafeMutableBufferPointer { try group.allReduce(inPlace: $0, .minimum) }
        let least = (0..<length).map { i in (0..<group.size).map { Int32(mark($0, i)) - 60 }.min()! }
        try expectEqual(minima, least, "minima")
      }
    },
    "barrier": { group in try group.barrier() },
  ]
}

private func checkBroadcast<E: MPIElement & Equatable>(
  _ group: any ProcessGroup, root: Int, length: Int, _ value: (Int, Int) -> E
) throws {
  var values = (0..<length).map { value(group.rank, $0) }
  try group.broadcast(&values, from: root)
  try expectEqual(values, (0..<length).map { value(root, $0) }, "\(E.self) of rank \(root)")
}
