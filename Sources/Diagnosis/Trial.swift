import Campaigns
import Foundation
import MPI

/// What the ranks of a trial job found.
package struct Trial: Codable, Equatable, Sendable {
  package var ranks: Int
  /// Of each rank.
  package var hosts: [String]
  /// Seconds since 1970 of each rank, taken together.
  package var clocks: [Double]
  /// Of each rank, what it may have read of another's memory.
  package var canReadPeers: [Bool]
  /// Ranks and threads that have to share cores, in words; nil where none do.
  package var shortage: String?
  /// From each rank to each other, both ways at once.
  package var gigabytesPerSecond: Double
  package var messageMicroseconds: Double

  package init(
    ranks: Int, hosts: [String], clocks: [Double], canReadPeers: [Bool], shortage: String? = nil,
    gigabytesPerSecond: Double, messageMicroseconds: Double
  ) {
    self.ranks = ranks
    self.hosts = hosts
    self.clocks = clocks
    self.canReadPeers = canReadPeers
    self.shortage = shortage
    self.gigabytesPerSecond = gigabytesPerSecond
    self.messageMicroseconds = messageMicroseconds
  }

  /// Where it stands in what the ranks print.
  package static let mark = "trial: "

  /// The trial in what ranks printed; nil where there is none.
  package init?(in text: String) {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(Self.mark) }),
      let trial = try? JSONDecoder().decode(Trial.self, from: Data(line.dropFirst(Self.mark.count).utf8))
    else { return nil }
    self = trial
  }

  /// Runs the trial; collective.
  /// - Throws: `MPIError`.
  package static func run(_ group: any ProcessGroup) throws -> Trial {
    let (bytes, lengths) = try group.allGather(Array(MPIRuntime.hostname.utf8))
    var rest = bytes[...]
    let hosts = lengths.map { length in
      defer { rest = rest.dropFirst(length) }
      return String(decoding: rest.prefix(length), as: UTF8.self)
    }
    try group.barrier()
    let clocks = try group.allGather([Date().timeIntervalSince1970]).all
    let readers = try group.allGather([MPIRuntime.canReadPeers ? 1 : 0]).all
    let shortage = try CoreShortage.find(threads: 1, group: group)
    let message = try ExchangeTime.seconds(count: 1, times: 100, group)
    let count = 1 << 20
    let exchange = try ExchangeTime.seconds(count: count, times: 10, group)
    let bytesSent = Double(4 * count * (group.size - 1))
    return Trial(
      ranks: group.size, hosts: hosts, clocks: clocks, canReadPeers: readers.map { $0 == 1 },
      shortage: shortage.map { "\($0)" }, gigabytesPerSecond: bytesSent / exchange / 1e9,
      messageMicroseconds: message / Double(max(group.size - 1, 1)) * 1e6)
  }

  package var findings: [Finding] {
    let places = Set(hosts).sorted()
    let speed = String(format: "%.1f GB/s, %.0f µs a message", gigabytesPerSecond, messageMicroseconds)
    let whose = places.count == 1 ? "on this machine" : "on \(places.joined(separator: ", "))"
    var found: [Finding] = []
    if gigabytesPerSecond < (places.count == 1 ? 0.5 : 0.05) {
      found.append(
        .note(
          "exchange", "\(speed) between \(ranks) ranks \(whose), which is slow",
          do: places.count == 1
            ? "look for what else runs here (top)" : "name the network with --interface, or use --item-table sharded"))
    } else {
      found.append(.ok("exchange", "\(speed) between \(ranks) ranks \(whose)"))
    }
    if canReadPeers.contains(false) {
      found.append(
        .note(
          "single copy", "no process may read another's memory: large messages are copied twice",
          do: "docker run --cap-add SYS_PTRACE, or sysctl kernel.yama.ptrace_scope=0; the bits are the same"))
    } else {
      found.append(.ok("single copy", "ranks of one machine copy straight from one another (CMA)"))
    }
    if let shortage { found.append(.note("sharing", shortage, do: "see docs/running.md")) }
    if let first = clocks.min(), let last = clocks.max(), last - first > 2 {
      found.append(
        .note(
          "clocks", String(format: "those of the hosts differ by %.0f s", last - first),
          do: "let them be set by the network (chrony, systemd-timesyncd)"))
    }
    return found
  }
}
