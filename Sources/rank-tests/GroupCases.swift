import MPI

/// Splitting groups, agreeing on failure, and MPI's own errors.
var groupCases: [String: RankCase] {
  [
    "split": { group in
      // Odd and even ranks apart, in reverse order; the last rank of three or more stays out.
      let staying = group.size > 2 ? group.size - 1 : group.size
      let members = (0..<staying).filter { $0 % 2 == group.rank % 2 }
      let isOut = group.rank >= staying
      let part = try group.split(color: isOut ? nil : group.rank % 2, key: -group.rank)
      guard let part else { return try expect(isOut, "only the last rank is left out") }
      try expect(!isOut, "the last rank is left out")
      try expect(part.size == members.count, "the part has \(members.count) ranks, not \(part.size)")
      try expect(part.rank == members.reversed().firstIndex(of: group.rank), "keys order the part")
      var sums = [Int64(1) << group.rank]
      try part.sum(&sums)
      try expectEqual(sums, [members.reduce(0) { $0 + Int64(1) << $1 }], "sum over the part")
      try (part as? Communicator)?.free()
    },
    "perform": { group in
      // Three tasks of unequal work on however many ranks there are; each takes part with its whole group.
      let layout = GroupLayout(work: [2, 7, 3], ranks: group.size, largestGroup: 2)
      let results = try group.perform(layout) { task, part in
        let own = layout.groups.first { $0.tasks.contains(task) }!
        try expect(part.size == own.ranks.count, "task \(task) has \(own.ranks.count) ranks, not \(part.size)")
        try expect(own.ranks.lowerBound + part.rank == group.rank, "the group's ranks are in the order of all")
        var members = [Int64(1) << group.rank]
        try part.sum(&members)
        // What ranks other than the group's first return does not count.
        return part.rank == 0 ? Array("\(task):\(members[0])".utf8) : [0]
      }
      let expected = [0, 1, 2].map { task in
        let ranks = layout.groups.first { $0.tasks.contains(task) }!.ranks
        return Array("\(task):\(ranks.reduce(0) { $0 + 1 << $1 })".utf8)
      }
      try expect(results == expected, "every rank has all results")

      // A group that stops leaves its queue alone, the others go on.
      let stopped = try group.perform(layout) { task, part in task == 1 ? nil : [UInt8(task)] }
      let queue = layout.groups.first { $0.tasks.contains(1) }!.tasks
      for task in 0..<3 {
        try expect((stopped[task] == nil) == queue.contains(task), "what group 1 left is \(queue): \(stopped)")
      }
    },
    "node": { group in
      let node = try group.splitByNode()
      // RankTests starts all ranks on one machine.
      try expect(node.size == group.size && node.rank == group.rank, "all ranks share this node")
    },
    "agree": { group in
      try group.agree(nil)
      let size = try group.together { group.size }
      try expect(size == group.size, "a step that goes well returns its value")
      for failing in 0..<group.size {
        do {
          try group.together { if group.rank == failing { throw CheckFailed("on purpose") } }
          throw CheckFailed("a failure of rank \(failing) went unseen")
        } catch let error as MPIError {
          try expect(error == .peerFailed(rank: failing), "rank \(failing) is blamed in \(error)")
          try expect(group.rank != failing, "the rank that failed gets its own error")
        } catch let error as CheckFailed {
          try expect(error.description == "on purpose" && group.rank == failing, "only rank \(failing) throws it")
        }
      }
    },
    "mpi-error": { group in
      guard group is Communicator else { return }
      let one: [Float] = [1]
      do {
        try one.withUnsafeBufferPointer { try group.send($0, to: group.size + 3, tag: 0) }
        throw CheckFailed("a message to no one went out")
      } catch MPIError.failed(let call, _, let text) {
        try expect(call == "MPI_Isend" && text.contains("rank"), "MPI's own text is carried in \(call): \(text)")
      }
    },
  ]
}
