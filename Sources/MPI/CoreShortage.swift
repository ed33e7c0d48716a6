import CMPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// More threads than the cores that they may run on: the job is right, and slower than it need be.
///
/// Open MPI pins each rank of a small job to one core unless told otherwise, and all of a rank's threads with it.
package struct CoreShortage: Equatable, Sendable, CustomStringConvertible {
  /// The ranks that have to share the cores, all on one host.
  package let ranks: [Int]
  package let host: String
  package let threads: Int
  package let cores: Int
  /// Whether the host has more cores than these.
  package let isBound: Bool
  /// How many other sets of cores, on this host or another, are short too.
  package let others: Int

  /// The first shortage of the job, the same on every rank; nil where there is none. Collective.
  ///
  /// Ranks that outnumber the cores of their hosts are no shortage: whoever says `--oversubscribe` knows.
  /// - Parameter threads: those of this rank.
  package static func find(threads: Int, group: any ProcessGroup) throws(MPIError) -> CoreShortage? {
    let (hosts, lengths) = try group.allGather(Array(MPIRuntime.hostname.utf8))
    let (numbers, counts) = try group.allGather([threads, sysconf(Int32(_SC_NPROCESSORS_ONLN))] + ownCores)
    var host = hosts[...], number = numbers[...]
    return first(
      among: zip(lengths, counts).map { length, count in
        defer { (host, number) = (host.dropFirst(length), number.dropFirst(count)) }
        let own = Array(number.prefix(count))
        return Placement(
          host: String(decoding: host.prefix(length), as: UTF8.self), threads: own[0], cores: Set(own.dropFirst(2)),
          hostCores: own[1])
      })
  }

  /// Where a rank computes. No cores: the system does not say.
  package struct Placement {
    let host: String
    let threads: Int
    let cores: Set<Int>
    let hostCores: Int

    package init(host: String, threads: Int, cores: Set<Int>, hostCores: Int) {
      self.host = host
      self.threads = threads
      self.cores = cores
      self.hostCores = hostCores
    }
  }

  /// - Parameter placements: one a rank.
  package static func first(among placements: [Placement]) -> CoreShortage? {
    var short: [(ranks: [Int], threads: Int, of: Placement)] = []
    for (rank, own) in placements.enumerated() where !own.cores.isEmpty {
      let sharing = placements.indices.filter {
        placements[$0].host == own.host && placements[$0].cores.isSubset(of: own.cores) && !placements[$0].cores.isEmpty
      }
      // Ranks with the same cores are one set.
      guard sharing.first(where: { placements[$0].cores == own.cores }) == rank else { continue }
      let threads = sharing.map { placements[$0].threads }.reduce(0, +)
      if own.threads > own.cores.count || (threads > own.cores.count && own.cores.count < own.hostCores) {
        short.append((sharing, threads, own))
      }
    }
    return short.first.map { ranks, threads, placement in
      CoreShortage(
        ranks: ranks, host: placement.host, threads: threads, cores: placement.cores.count,
        isBound: placement.cores.count < placement.hostCores, others: short.count - 1)
    }
  }

  package var description: String {
    let names = ranks.prefix(4).map(String.init).joined(separator: ", ") + (ranks.count > 4 ? " …" : "")
    let whose = ranks.count == 1 ? "rank \(names)" : "ranks \(names)"
    return "\(threads) threads of \(whose) share \(cores) core\(cores == 1 ? "" : "s") of \(host)"
      + (others == 0 ? "" : " (and \(others) more such)") + ": "
      + (isBound ? "allow them more (mpirun --bind-to none), or " : "")
      + "use fewer ranks or threads (--threads-per-rank)"
  }

  /// The numbers of the cores that this process may run on; none where the system does not say.
  private static var ownCores: [Int] {
    [Int32](unsafeUninitializedCapacity: Int(cmpi_largest_core_count)) { cores, count in
      count = Int(cmpi_own_cores(cores.baseAddress))
    }.map(Int.init)
  }
}
