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
struct MemoryForecast {
  /// Bytes by what they are for, the largest first.
  let parts: [(name: String, bytes: Int)]

  var total: Int { parts.reduce(0) { $0 + $1.bytes } }

  /// What training looks like, as far as memory goes.
  struct Load {
    var items: Int
    /// Sessions in a global batch.
    var batchSize: Int
    /// Clicks in a session, on average.
    var clicksPerSession: Double
    /// Targets of a session, on average.
    var targetsPerSession = 1.0
    var lanes: Int
    var threads: Int
    var isFullLoss = true
    /// Items drawn for a sampled loss.
    var samples = 0
    /// Whether a sampled loss's gradient is spread over all rows.
    var updatesAllRows = false
  }

  /// The program, its libraries and MPI's own buffers.
  private static let process = 80 << 20

  /// - Parameters:
  ///   - rank: of this process among the `size` that train together.
  ///   - pretrained: what of a model that is adapted is in memory beside the one that is trained; nil for none.
  /// - Throws: `MPIError.moreRanksThanLanes`, `.lanesNotAPowerOfTwo`.
  init(
    _ model: ModelConfiguration, _ load: Load, rank: Int, size: Int, pretrained: Pretrained? = nil
  ) throws(MPIError) {
    // Shapes take no memory: a model of one item shows all sizes but the table's.
    let small = model.makeModel(items: 1)
    let parameters = small.parameters
    let width = Double(parameters.itemTable.columns), dense = Double(parameters.denseCount)
    let tree = try LaneTree(lanes: load.lanes)
    let ownLanes = try tree.lanes(of: rank, size: size)
    let lanes = Double(ownLanes.count)
    let table = Double(load.items + 1) * width
    let sessions = Double(load.batchSize) * lanes / Double(load.lanes)
    let clicks = sessions * load.clicksPerSession
    let activations =
      Double(small.encoderPasses) * clicks * (2.5 * parameters.dense.reduce(0.0) { $0 + Double($1.rows) } + 5 * width)
    let targets = sessions * load.targetsPerSession
    // Lanes are filled up to a multiple of 16.
    let perLane = (targets / lanes / 16).rounded(.up) * 16
    let head =
      perLane * lanes * Double(CatalogueLayout.largestStripeCount + 4) * width
      + Double(load.threads) * Double(Tensor.tileItems) * (1.5 * perLane + 3 * width)
    var floats: [(String, Double)] = [
      ("item table", table), ("its moments", 2 * table / Double(size)), ("other weights", dense * (lanes + 3)),
      ("encoder", 1.5 * activations),
    ]
    if load.isFullLoss {
      floats.append(("its gradient", table * Double(tree.subtrees(of: ownLanes).count)))
      floats.append(("catalogue head", head))
    } else {
      let candidates = Double(load.batchSize) * load.targetsPerSession + Double(load.samples)
      floats.append(("sampled head", candidates * (targets + (lanes + 2) * width)))
      if load.updatesAllRows { floats.append(("gradient of all rows", table / Double(size))) }
    }
    let scoredTable = small.scoring == .dotProduct ? 0 : table
    if scoredTable > 0 { floats.append(("table scored in evaluation", scoredTable)) }
    if let pretrained {
      if !pretrained.isTrained { floats = [] }
      let moments = pretrained.keepsMoments ? 2 * (table / Double(size) + dense) : 0
      floats.append(("pre-trained model", table + dense + scoredTable + moments))
    }
    parts = ([("process", Self.process)] + floats.map { ($0.0, Self.bytes($0.1)) }).sorted { $0.1 > $1.1 }
  }

  /// What a hand-off has in memory all along.
  struct Pretrained {
    /// Of the checkpoint, a rank's own rows'.
    var keepsMoments: Bool
    /// Whether the rank is in a group that trains.
    var isTrained: Bool
  }

  /// Of so many floats; what no machine has is as good as any other such number.
  private static func bytes(_ floats: Double) -> Int { Int(min(floats * 4, 1e15)) }

  /// Compares what the ranks of each node need with what the node has; collective.
  /// - Throws: `TrainingError.notEnoughMemory` on the ranks of a node that has less.
  func requireRoom(group: any ProcessGroup) throws {
    let node = try group.splitByNode()
    let ranks = node.size
    let needed = try node.allGather([total]).all.reduce(0, +)
    try (node as? Communicator)?.free()
    try group.together {
      if let own = NodeMemory.ofProcess(), total > own {
        throw TrainingError.notEnoughMemory(host: MPIRuntime.hostname, ranks: 1, needed: total, available: own)
      }
      guard let available = NodeMemory.available(), needed > available else { return }
      throw TrainingError.notEnoughMemory(
        host: MPIRuntime.hostname, ranks: ranks, needed: needed, available: available)
    }
  }

  /// In words, for the log: `0.31 GB: item table 0.05, …`.
  var sentence: String {
    func gigabytes(_ bytes: Int) -> String { (Double(bytes) / 1e9).formatted(digits: 2) }
    let list = parts.filter { $0.bytes >= 5_000_000 }.map { "\($0.name) \(gigabytes($0.bytes))" }
    return "\(gigabytes(total)) GB: " + list.joined(separator: ", ")
  }
}

/// What this node can still give to processes.
enum NodeMemory {
  /// Bytes: the kernel's estimate, or what a container's limit leaves where that is less; nil where neither can be
  /// read. A limit that is set below the container's root, as some batch systems do, is not seen.
  static func available() -> Int? {
    let kernel = text("/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
      .flatMap { Int($0.split(separator: " ")[1]) }.map { $0 * 1024 }
    return [kernel, container()].compactMap { $0 }.min()
  }

  /// Bytes that this process may still take (`ulimit -v`); nil without a limit.
  static func ofProcess() -> Int? {
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
