import Catalogue
import Foundation
import MPI
import OptionTables
import Tensors
import Text

/// The answer of `caravan plan`: what a training would cost on some nodes, by layout of the item table and by ranks and
/// threads a node. Computed from the constants of a node, not measured.
package struct ClusterForecast: Codable, Sendable {
  /// One way to start the training.
  package struct Choice: Codable, Sendable {
    package var itemTable: String
    package var ranks: Int
    package var ranksPerNode: Int
    package var threadsPerRank: Int
    package var lanes: Int
    package var headBlocks: Int
    /// Threads of a rank that have stripes to walk.
    package var busyThreads: Int
    /// Why it cannot be; what follows is nil then, but for the memory where that is the reason.
    package var impossible: String?
    /// Of the rank that needs most.
    package var memoryBytes: Int?
    /// A rank's, mean over the ranks.
    package var bytesSentPerStep: Int?
    package var secondsPerStep: Double?
    package var secondsPerEpoch: Double?
    /// The parts of a step.
    package var phases: [String: Double]?

    enum CodingKeys: String, CodingKey {
      case ranks, lanes, impossible, phases
      case itemTable = "item_table"
      case ranksPerNode = "ranks_per_node"
      case threadsPerRank = "threads_per_rank"
      case headBlocks = "head_blocks"
      case busyThreads = "busy_threads"
      case memoryBytes = "memory_bytes"
      case bytesSentPerStep = "bytes_sent_per_step"
      case secondsPerStep = "seconds_per_step"
      case secondsPerEpoch = "seconds_per_epoch"
    }
  }

  /// What was asked, as text, by option; what was left open is not in it.
  package var options: [String: String]
  /// Whose constants these are.
  package var constants: String
  package var stepsPerEpoch: Int
  package var checkpointBytes: Int
  package var checkpointSeconds: Double
  package var choices: [Choice]
  /// The place of the fastest in `choices`; nil where nothing is possible.
  package var best: Int?

  enum CodingKeys: String, CodingKey {
    case options, constants, choices, best
    case stepsPerEpoch = "steps_per_epoch"
    case checkpointBytes = "checkpoint_bytes"
    case checkpointSeconds = "checkpoint_seconds"
  }

  /// - Throws: `PlanningError.notCalibrated`.
  package init(_ plan: ForecastPlan, speed: NodeSpeed) throws {
    options = plan.table.texts(of: plan).reduce(into: [:]) { $0[$1.name] = $1.text == "auto" ? nil : $1.text }
    constants = speed.machine
    stepsPerEpoch = (plan.rows + plan.batchSize - 1) / plan.batchSize
    let shape = ModelShape(plan.model)
    // Weights and two moments of each, in float32.
    checkpointBytes = 12 * ((plan.items + 1) * shape.width + shape.denseCount)
    checkpointSeconds = Double(checkpointBytes) / (speed.checkpointMegabytesPerSecond * 1e6)
    choices = []
    for placement in TablePlacement.allCases {
      for ranks in Self.ranksPerNode(plan) {
        choices.append(try Self.choice(plan, placement, ranksPerNode: ranks, speed, steps: stepsPerEpoch))
      }
    }
    best = choices.indices.filter { choices[$0].secondsPerStep != nil && choices[$0].impossible == nil }
      .min { choices[$0].secondsPerStep! < choices[$1].secondsPerStep! }
  }

  /// 1, 2, 4 and so on, and a rank a core.
  private static func ranksPerNode(_ plan: ForecastPlan) -> [Int] {
    if let ranks = plan.ranksPerNode { return [ranks] }
    let cores = plan.threadsPerRank.map { max(1, plan.cores / $0) } ?? plan.cores
    let powers = (0..<Int.bitWidth - 1).lazy.map { 1 << $0 }.prefix { $0 < cores }
    return Array(powers) + [cores]
  }

  private static func choice(
    _ plan: ForecastPlan, _ placement: TablePlacement, ranksPerNode: Int, _ speed: NodeSpeed, steps: Int
  ) throws -> Choice {
    let ranks = plan.nodes * ranksPerNode, threads = plan.threadsPerRank ?? max(1, plan.cores / ranksPerNode)
    let load = plan.load(placement, ranks: ranks, threads: threads)
    let stripes = CatalogueLayout(rows: plan.items + 1).stripeCount
    let ownStripes = placement == .sharded ? (stripes + ranks - 1) / ranks : stripes
    var choice = Choice(
      itemTable: placement.rawValue, ranks: ranks, ranksPerNode: ranksPerNode, threadsPerRank: threads,
      lanes: load.lanes, headBlocks: load.headBlocks, busyThreads: min(threads, ownStripes * load.headBlocks))
    if ranks > load.lanes {
      choice.impossible = "more ranks than \(load.lanes) lanes"
    } else if placement == .replicated, ranks > load.headBlocks {
      choice.impossible = "more ranks than \(load.headBlocks) head blocks"
    } else if placement == .sharded, ranks > stripes {
      choice.impossible = "more ranks than \(stripes) stripes"
    } else if threads > CatalogueLayout.largestStripeCount {
      choice.impossible = "more than \(CatalogueLayout.largestStripeCount) threads a rank"
    }
    if choice.impossible != nil { return choice }
    let cost = try StepCost(
      plan.model, load, ranks: ranks, ranksPerNode: ranksPerNode, on: plan.cluster, speed: speed)
    choice.memoryBytes = cost.memory
    if let memory = plan.memory, cost.memory > memory / ranksPerNode {
      choice.impossible = "not enough memory"
      return choice
    }
    choice.bytesSentPerStep = Int(cost.bytes)
    choice.secondsPerStep = cost.seconds
    choice.secondsPerEpoch = cost.seconds * Double(steps)
    choice.phases = Dictionary(uniqueKeysWithValues: cost.phases.map { ($0.name, $0.seconds) })
    return choice
  }

  /// The answer as JSON with sorted keys.
  package func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self) + [UInt8(ascii: "\n")]
  }
}

// As people read it.
extension ClusterForecast {
  /// The answer as a table, and the command line of the best choice.
  package var text: String {
    func option(_ name: String) -> String { options[name] ?? "" }
    let nodes = option("nodes") == "1" ? "1 node" : "\(option("nodes")) nodes"
    let heading =
      "\(option("model")), \(option("items")) items, batch \(option("batch_size")), \(option("precision")), \(nodes) of "
      + "\(option("cores")) cores\(options["network"].map { ", \($0)" } ?? "")\n"
      + "computed, not measured, with the constants of \(constants)\n"
    let header = ["item table", "ranks × threads a node", "lanes", "blocks", "GB a rank", "MB sent", "s/step", "epoch"]
    let rows = choices.indices.map(row)
    let checkpoint =
      "an epoch is \(stepsPerEpoch) steps; a checkpoint is \((Double(checkpointBytes) / 1e9).formatted(digits: 2)) GB, "
      + "\(checkpointSeconds.formatted(digits: 1)) s\n"
    return heading + alignedTable([header] + rows) + checkpoint + (best.map(commandLine) ?? advice)
  }

  private func row(_ place: Int) -> [String] {
    let choice = choices[place]
    let name = (place == best ? "* " : "  ") + choice.itemTable
    let cells = [
      name, "\(choice.ranksPerNode) × \(choice.threadsPerRank)", "\(choice.lanes)", "\(choice.headBlocks)",
      choice.memoryBytes.map { (Double($0) / 1e9).formatted(digits: 2) } ?? "",
    ]
    guard let bytes = choice.bytesSentPerStep, let step = choice.secondsPerStep, let epoch = choice.secondsPerEpoch
    else { return cells + [choice.impossible ?? ""] }
    let megabytes = Double(bytes) / 1e6
    return cells + [
      megabytes.formatted(digits: megabytes < 9.95 ? 1 : 0), step.formatted(digits: step < 0.1 ? 4 : 3), clock(epoch),
    ]
      + (choice.busyThreads < choice.threadsPerRank
        ? ["\(choice.busyThreads) thread\(choice.busyThreads == 1 ? " has" : "s have") work"] : [])
  }

  /// What to change where nothing is possible.
  private var advice: String {
    let smallest = choices.compactMap(\.memoryBytes).min().map { (Double($0) / 1e9).formatted(digits: 1) }
    return "nothing is possible: "
      + (smallest.map { "a rank takes \($0) GB or more, give more --memory or --nodes" } ?? "raise --lanes") + "\n"
  }

  private func commandLine(_ place: Int) -> String {
    let choice = choices[place]
    let node = "\(choice.ranksPerNode):node:PE=\(choice.threadsPerRank)"
    return "* mpirun -n \(choice.ranks) --map-by ppr:\(node) --bind-to core caravan train "
      + "--item-table \(choice.itemTable) --lanes \(choice.lanes) --head-blocks \(choice.headBlocks) "
      + "--threads-per-rank \(choice.threadsPerRank) …\n"
  }
}
