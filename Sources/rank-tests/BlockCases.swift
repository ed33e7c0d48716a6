import MPI

/// Collectives over blocks of unequal length, empty ones too, and messages between two ranks.
var blockCases: [String: RankCase] {
  [
    "gather": withEveryCallLimit { group in
      for counts in unequalCounts(group.size) {
        for root in 0..<group.size {
          let mine = (0..<counts[group.rank]).map { Float(mark(group.rank, $0)) }
          var all = [Float](repeating: -1, count: group.rank == root ? counts.reduce(0, +) : 0)
          try mine.withUnsafeBufferPointer { mine in
            try all.withUnsafeMutableBufferPointer { all in
              try group.gather(mine, counts: counts, into: group.rank == root ? all : nil, at: root)
            }
          }
          let expected = blocks(counts) { Float(mark($0, $1)) }
          if group.rank == root { try expectEqual(all, expected, "blocks at \(root)") }
        }
      }
    },
    "stream": withEveryCallLimit { group in
      for counts in unequalCounts(group.size) {
        for root in 0..<group.size {
          let mine = (0..<counts[group.rank]).map { Int32(mark(group.rank, $0)) }
          var all: [Int32] = [], pieces = 0
          try mine.withUnsafeBufferPointer { mine in
            try group.stream(mine, counts: counts, to: root, pieceCount: 3) {
              all += $0
              pieces += 1
            }
          }
          try expectEqual(
            all, group.rank == root ? blocks(counts) { Int32(mark($0, $1)) } : [], "blocks at \(root)")
          // A root that fails lets the others finish, and the next call finds nothing left over.
          do {
            try mine.withUnsafeBufferPointer { mine in
              try group.stream(mine, counts: counts, to: root, pieceCount: 3) { _ in throw CheckFailed("full disk") }
            }
            try expect(group.rank != root || pieces == 0, "the root's failure is thrown")
          } catch let failure as CheckFailed {
            try expect(failure.description == "full disk", "\(failure) is the first failure")
          }
        }
      }
    },
    "all-gather": withEveryCallLimit { group in
      for counts in unequalCounts(group.size) {
        var all = blocks(counts) { $0 == group.rank ? Double(mark($0, $1)) : -1 }
        try all.withUnsafeMutableBufferPointer { try group.allGather(inPlace: $0, counts: counts) }
        try expectEqual(all, blocks(counts) { Double(mark($0, $1)) }, "blocks of \(counts)")
      }
    },
    "reduce-scatter": withEveryCallLimit { group in
      for counts in unequalCounts(group.size) {
        let mine = (0..<counts.reduce(0, +)).map { Int64(mark(group.rank, $0)) }
        var own = [Int64](repeating: -1, count: counts[group.rank])
        try mine.withUnsafeBufferPointer { mine in
          try own.withUnsafeMutableBufferPointer { own in
            try group.reduceScatter(mine, counts: counts, into: own, .sum)
          }
        }
        let start = counts[..<group.rank].reduce(0, +)
        let expected = own.indices.map { i in (0..<group.size).reduce(0) { $0 + Int64(mark($1, start + i)) } }
        try expectEqual(own, expected, "own block of \(counts)")
      }
    },
    "all-to-all": withEveryCallLimit { group in
      // Rank a sends b ((a · 5 + b · 3) % 10) elements: other counts in each direction, none at times.
      func count(_ from: Int, _ to: Int) -> Int { (from * 5 + to * 3) % 10 }
      func value(_ from: Int, _ to: Int, _ i: Int) -> Int32 { Int32(from * 10_000 + to * 100 + i) }
      let sendCounts = (0..<group.size).map { count(group.rank, $0) }
      let receiveCounts = (0..<group.size).map { count($0, group.rank) }
      let outgoing = blocks(sendCounts) { value(group.rank, $0, $1) }
      var incoming = [Int32](repeating: -1, count: receiveCounts.reduce(0, +))
      try outgoing.withUnsafeBufferPointer { outgoing in
        try incoming.withUnsafeMutableBufferPointer { incoming in
          try group.allToAll(send: outgoing, counts: sendCounts, receive: incoming, counts: receiveCounts)
        }
      }
      try expectEqual(incoming, blocks(receiveCounts) { value($0, group.rank, $1) }, "blocks")
    },
    "send-receive": withEveryCallLimit { group in
      // Down a chain: each rank adds its own number to what it got.
      var values = (0..<23).map { Int64(mark(0, $0)) }
      if group.rank > 0 {
        try values.withUnsafeMutableBufferPointer { try group.receive(into: $0, from: group.rank - 1, tag: 5) }
        for i in values.indices { values[i] += Int64(group.rank) }
      }
      if group.rank + 1 < group.size {
        try values.withUnsafeBufferPointer { try group.send($0, to: group.rank + 1, tag: 5) }
      }
      let added = Int64(group.rank * (group.rank + 1) / 2)
      try expectEqual(values, (0..<23).map { Int64(mark(0, $0)) + added }, "values at \(group.rank)")
    },
    "exchange": withEveryCallLimit { group in
      // Two messages to every rank, itself left out, matched in order; the work runs in between.
      let first = (0..<9).map { Float(mark(group.rank, $0)) }
      let second = (0..<4).map { Float(-mark(group.rank, $0)) }
      var incoming = [Float](repeating: 0, count: 13 * group.size)
      var worked = 0
      try incoming.withUnsafeMutableBufferPointer { incoming in
        try first.withUnsafeBufferPointer { first in
          try second.withUnsafeBufferPointer { second in
            var transfers: [Transfer] = []
            for peer in 0..<group.size where peer != group.rank {
              let start = peer * 13
              transfers.append(.send(first, to: peer))
              transfers.append(.send(second, to: peer))
              transfers.append(.receive(into: .init(rebasing: incoming[start..<start + 9]), from: peer))
              transfers.append(.receive(into: .init(rebasing: incoming[start + 9..<start + 13]), from: peer))
            }
            try group.exchange(transfers) { worked += 1 }
          }
        }
      }
      try expect(worked == 1, "the work ran once, not \(worked) times")
      let expected = (0..<group.size).flatMap { peer in
        (0..<13).map { i in
          peer == group.rank ? 0 : Float(i < 9 ? mark(peer, i) : -mark(peer, i - 9))
        }
      }
      try expectEqual(incoming, expected, "messages")
    },
  ]
}

/// Block lengths for each rank: equal, unequal, and with empty blocks at either end.
private func unequalCounts(_ size: Int) -> [[Int]] {
  [
    [Int](repeating: 5, count: size),
    (0..<size).map { ($0 * 9 + 4) % 16 },
    (0..<size).map { $0 % 2 == 0 ? 0 : 8 },
    (0..<size).map { $0 == 0 ? 29 : 0 },
    [Int](repeating: 0, count: size),
  ]
}

/// The blocks of all ranks one behind the other.
private func blocks<E>(_ counts: [Int], _ value: (Int, Int) -> E) -> [E] {
  counts.enumerated().flatMap { rank, count in (0..<count).map { value(rank, $0) } }
}
