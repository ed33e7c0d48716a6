import Catalogue
import Evaluation
import Foundation
import MPI
import Models
import Storage
import Tensors
import Text

/// How much memory a rank will need to train, told before any weights are made.
///
/// Weights, gradients and moments are exact; what an encoder keeps of its clicks for the way back is an
/// estimate from the widths of its weights, and so is what the process needs by itself.
package struct MemoryForecast {
  /// Bytes by what they are for, the largest first.
  package let parts: [(name: String, bytes: Int)]

  package var total: Int { parts.reduce(0) { $0 + $1.bytes } }

  /// The program, its libraries and MPI's own buffers.
  private static let process = 64 << 20

  /// - Parameters:
  ///   - rank: of this process among the `size` that train together.
  ///   - pretrained: what of a model that is adapted is in memory beside the one that is trained; nil for none.
  /// - Throws: `MPIError.moreRanksThanLanes`, `.moreRanksThanBlocks`, `.lanesNotAPowerOfTwo`.
  package init(
    _ model: ModelConfiguration, _ load: StepLoad, rank: Int, size: Int, pretrained: Pretrained? = nil
  ) throws(MPIError) {
    self.init(ModelShape(model), load, try StepShares(load, ranks: size), rank: rank, pretrained: pretrained)
  }

  package init(_ shape: ModelShape, _ load: StepLoad, _ shares: StepShares, rank: Int, pretrained: Pretrained? = nil) {
    let width = Double(shape.width), dense = Double(shape.denseCount)
    let lanes = Double(shares.lanes[rank].count)
    let table = Double(shares.layout.rows) * width, own = Double(shares.rows(of: rank)) * width
    let held = shares.isSharded ? own : table
    var floats: [(String, Double)] = [
      ("item table", held), ("its moments", 2 * own), ("other weights", dense * (lanes + 3)),
      ("encoder", 1.5 * Self.activations(shape, shares, rank)),
    ]
    if load.isFullLoss {
      // It exists as a whole where ranks have a part of it each, or its length is asked for.
      let hasReplicas = !shares.isSharded && shares.size > 1
      let gradient = hasReplicas ? table * Double(shares.blockNodes[rank]) : load.clips ? own : 0
      floats += [("its gradient", gradient), ("catalogue head", Self.head(shape, load, shares, rank))]
    } else {
      let candidates = load.targets + Double(load.samples)
      floats.append(("sampled head", candidates * (shares.targets(of: rank) + (lanes + 2) * width)))
      if load.updatesAllRows { floats.append(("gradient of all rows", own)) }
    }
    let scored = shape.scoresRows ? 0 : held
    if scored > 0 { floats.append(("table scored in evaluation", scored)) }
    if let pretrained {
      if !pretrained.isTrained { floats = [] }
      let moments = pretrained.keepsMoments ? 2 * (own + dense) : 0
      floats.append(("pre-trained model", held + dense + scored + moments))
    }
    parts = ([("process", Self.process)] + floats.map { ($0.0, Self.bytes($0.1)) }).sorted { $0.1 > $1.1 }
  }

  /// Floats that an encoder keeps of its clicks for the way back.
  private static func activations(_ shape: ModelShape, _ shares: StepShares, _ rank: Int) -> Double {
    Double(shape.passes) * shares.clicks(of: rank) * (2.5 * Double(shape.denseRows) + 5 * Double(shape.width))
  }

  /// Floats of the full loss: vectors of the sessions that are multiplied, and a gradient of each for every stripe that
  /// the rank walks; where the table is sharded, all ranks' normalisers; and a thread's tiles.
  private static func head(_ shape: ModelShape, _ load: StepLoad, _ shares: StepShares, _ rank: Int) -> Double {
    let sessions = shares.multipliedTargets(of: rank), width = Double(shape.width)
    let stripes = Double(shares.walkedStripes(of: rank))
    let nodes = Double(shares.stripeNodes.reduce(0, +))
    let normalisers = shares.isSharded && shares.size > 1 ? sessions * 4 * (2 * nodes + Double(shares.size)) : 0
    let tiles = Double(load.threads) * Double(Tensor.tileItems) * (1.5 * shares.targetsOfBlock + 5 * width)
    // Memory is kept in pieces that double: measured, twice what is used.
    return 2 * sessions * (stripes * (width + 8) + 4 * width) + normalisers + tiles
  }

  /// What a hand-off has in memory all along.
  package struct Pretrained {
    /// Of the checkpoint, a rank's own rows'.
    var keepsMoments: Bool
    /// Whether the rank is in a group that trains.
    var isTrained: Bool

    package init(keepsMoments: Bool, isTrained: Bool) {
      self.keepsMoments = keepsMoments
      self.isTrained = isTrained
    }
  }

  /// Of so many floats; what no machine has is as good as any other such number.
  private static func bytes(_ floats: Double) -> Int { Int(min(floats * 4, 1e15)) }

  /// Compares what the ranks of each node need with what the node has; collective.
  /// - Throws: `RunError.notEnoughMemory` on the ranks of a node that has less.
  package func requireRoom(group: any ProcessGroup) throws {
    let node = try group.splitByNode()
    let ranks = node.size
    let needed = try node.allGather([total]).all.reduce(0, +)
    try (node as? Communicator)?.free()
    try group.together {
      if let own = NodeMemory.ofProcess(), total > own {
        throw RunError.notEnoughMemory(host: MPIRuntime.hostname, ranks: 1, needed: total, available: own)
      }
      guard let available = NodeMemory.available(), needed > available else { return }
      throw RunError.notEnoughMemory(
        host: MPIRuntime.hostname, ranks: ranks, needed: needed, available: available)
    }
  }

  /// In words, for the log: `0.31 GB: item table 0.05, …`.
  var sentence: String {
    func gigabytes(_ bytes: Int) -> String { (Double(bytes) / 1e9).formatted(digits: 2) }
    let list = parts.filter { $0.bytes >= 5_000_000 }.map { "\($0.name) \(gigabytes($0.bytes))" }
    return "\(gigabytes(total)) GB a rank: " + list.joined(separator: ", ")
  }
}

/// What this node can still give to processes.
package enum NodeMemory {
  /// Bytes: the kernel's estimate, or what a container's limit leaves where that is less; nil where neither can be
  /// read. A limit that is set below the container's root, as some batch systems do, is not seen.
  package static func available() -> Int? {
    let kernel = text("/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
      .flatMap { Int($0.split(separator: " ")[1]) }.map { $0 * 1024 }
    return [kernel, container()].compactMap { $0 }.min()
  }

  /// Bytes that this process may still take (`ulimit -v`); nil without a limit.
  package static func ofProcess() -> Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < 1 << 60 else { return nil }
    let pages = text("/proc/self/statm")?.split(separator: " ").first.flatMap { Int($0) } ?? 0
    return max(0, Int(limit.rlim_cur) - pages * Int(getpagesize()))
  }

  /// What the limit of a container (cgroup v2, else v1) leaves, cached files not counted, which the kernel gives up;
  /// nil without one.
  private static func container() -> Int? {
    let folder = "/sys/fs/cgroup/"
    let files = [
      ("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ]
    return files.lazy.compactMap { limit, usage -> Int? in
      guard let most = number(folder + limit), let used = number(folder + usage), most < 1 << 60 else { return nil }
      let statistics = text(folder + parentFolder(of: limit) + "/memory.stat") ?? ""
      return max(0, most - used + cached(statistics))
    }.first
  }

  /// The bytes of cached files in a `memory.stat`.
  private static func cached(_ statistics: String) -> Int {
    statistics.split(separator: "\n").reduce(0) { sum, line in
      let parts = line.split(separator: " ")
      guard parts.count == 2, parts[0] == "active_file" || parts[0] == "inactive_file" else { return sum }
      return sum + (Int(parts[1]) ?? 0)
    }
  }

  private static func number(_ path: String) -> Int? {
    text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
