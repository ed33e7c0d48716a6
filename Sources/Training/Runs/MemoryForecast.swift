import Evaluation
import Foundation
import MPI
import Models
import Storage
import Tensors
import Text

/// How much memory a rank will need to train, told before the item table is made.
///
/// The table, its gradient and its moments are exact; what an encoder keeps of its clicks for the way back is an
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
  }

  /// The program, its libraries and MPI's own buffers.
  private static let process = 80 << 20

  /// - Throws: `MPIError.moreRanksThanLanes`, `.lanesNotAPowerOfTwo`.
  init(_ model: ModelConfiguration, _ load: Load, group: any ProcessGroup) throws(MPIError) {
    // A model of one item shows all sizes but the table's.
    let small = model.makeModel(items: 1)
    let parameters = small.parameters
    let width = parameters.itemTable.columns, dense = parameters.denseStorage.count
    let tree = try LaneTree(lanes: load.lanes)
    let ownLanes = try tree.lanes(of: group.rank, size: group.size)
    let share = Double(ownLanes.count) / Double(load.lanes)
    let table = (load.items + 1) * width
    let sessions = Double(load.batchSize) * share
    let clicks = sessions * load.clicksPerSession
    let activations = clicks * (2.5 * Double(parameters.dense.reduce(0) { $0 + $1.rows }) + 5 * Double(width))
    let targets = sessions * load.targetsPerSession
    // Lanes are filled up to a multiple of 16.
    let perLane = ((targets / Double(ownLanes.count)) / 16).rounded(.up) * 16
    let stripes = CatalogueHead.largestStripeCount
    let head =
      perLane * Double(ownLanes.count * (stripes + 4) * width)
      + Double(load.threads) * Double(Tensor.tileItems) * (1.5 * perLane + 3 * Double(width))
    var floats: [(String, Double)] = [
      ("item table", Double(table)),
      ("its moments", 2 * Double(table) / Double(group.size)),
      ("other weights", Double(dense * (ownLanes.count + 3))),
      ("encoder", 1.5 * activations),
    ]
    if load.isFullLoss {
      floats.append(("its gradient", Double(table * tree.subtrees(of: ownLanes).count)))
      floats.append(("catalogue head", head))
    } else {
      let candidates = Double(load.batchSize) * load.targetsPerSession + Double(load.samples)
      floats.append(("sampled head", candidates * (targets + Double((ownLanes.count + 2) * width))))
    }
    if small.scoring != .dotProduct { floats.append(("table scored in evaluation", Double(table))) }
    var parts = floats.map { (name: $0.0, bytes: Int($0.1) * MemoryLayout<Float>.stride) }
    parts.append(("process", Self.process))
    self.parts = parts.sorted { $0.bytes > $1.bytes }
  }

  /// Compares what the ranks of each node need with what the node has; collective.
  /// - Throws: `TrainingError.notEnoughMemory` on the ranks of a node that has less.
  func requireRoom(group: any ProcessGroup) throws {
    let node = try group.splitByNode()
    let ranks = node.size
    let needed = try node.allGather([total]).all.reduce(0, +)
    try (node as? Communicator)?.free()
    try group.together {
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
