import Foundation
import Learning
import MPI
import Models
import OptionTables
import Provenance
import Runs
import Storage
import Tensors
import Text

/// Measures what a node can do: the constants with which `caravan plan` computes. Every rank and thread works at once, as
/// in training, so one rank a core or threads for all cores give what a core has while the others work too.
package struct NodeCalibration {
  private let threads: Int
  private let path: String
  private let group: any ProcessGroup
  /// Of a batch, in the measurements of steps.
  private static let sessions = 1024
  private static let items = 50_000

  /// - Parameters:
  ///   - threads: of a rank.
  ///   - path: of the file to be, beside which a checkpoint's speed is measured.
  package init(threads: Int, path: String, group: any ProcessGroup) {
    self.threads = threads
    self.path = path
    self.group = group
  }

  /// Measures for about half a minute; collective.
  /// - Returns: the constants, means over the ranks. What takes several ranks on a node, or several nodes, is the
  ///   built-in constant where there is one.
  package func run() throws -> NodeSpeed {
    var speed = NodeSpeed.zen4
    let build = BuildInformation.current
    speed.machine = "\(MPIRuntime.hostname), \(build.instructionSet), \(group.size) × \(threads) threads (measured)"
    speed.memoryGigabytesPerSecond = try mean(memoryBytesPerSecond()) / 1e9
    speed.head = [:]
    for precision in Precision.allCases where try isSupported(precision) {
      speed.head[precision.rawValue] = try head(precision, memory: speed.memoryGigabytesPerSecond * 1e9)
    }
    for name in ModelConfiguration.names {
      speed.encoderMicroseconds[name] = try encoder(of: name) * 1e6
    }
    try measureMessages(&speed)
    speed.checkpointMegabytesPerSecond = try checkpointBytesPerSecond() / 1e6
    return speed
  }

  private func mean(_ own: Double) throws -> Double { try group.allGather([own]).all.reduce(0, +) / Double(group.size) }

  /// Whether all ranks have the instructions.
  private func isSupported(_ precision: Precision) throws -> Bool {
    try group.allGather([precision.isSupported ? 1 : 0]).all.allSatisfy { $0 == 1 }
  }

  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let began = ContinuousClock.now
    try body()
    return (ContinuousClock.now - began) / .seconds(1)
  }

  // MARK: Computing

  /// What an optimizer's pass reads and writes, of each thread.
  private func memoryBytesPerSecond() throws -> Double {
    let count = 1 << 22, team = ThreadTeam(count: threads)
    let parts = (0..<threads).map { _ in
      (Optimizer(OptimizerOptions(), count: count), FloatStorage(count: count), FloatStorage(count: count))
    }
    func pass() {
      team.forEach(threads) { _, thread in
        let (optimizer, weights, gradient) = parts[thread]
        optimizer.update(
          weights.elements, gradient: gradient.elements, optimizer.stepSize(step: 0, rate: 0.001, gradientScale: 1))
      }
    }
    pass()
    try group.barrier()
    let best = (0..<5).map { _ in seconds(pass) }.min()!
    return Double(28 * count) / best
  }

  /// A step of every rank by itself.
  private func step(_ configure: (inout BenchPlan) -> Void) throws -> BenchReport {
    var plan = BenchPlan()
    (plan.items, plan.batchSize) = (Self.items, Self.sessions)
    plan.threadsPerRank = threads
    while plan.lanes < threads { plan.lanes *= 2 }
    (plan.steps, plan.warmupSteps) = (3, 1)
    configure(&plan)
    try group.barrier()
    return try StepBenchmark(plan, trace: nil, group: SoloGroup()).run()
  }

  /// The head's two constants, from steps of two widths.
  private func head(_ precision: Precision, memory: Double) throws -> NodeSpeed.Head {
    let widths = [64, 256]
    let perLogit = try widths.map { width in
      var options = GRU4Rec.Options()
      options.embeddingSize = width
      let report = try step {
        $0.model = ModelConfiguration(GRU4Rec.self, options)
        $0.precision = precision
      }
      let phases = (report.phases["head_forward"] ?? 0) + (report.phases["head_backward"] ?? 0)
      // What is not the walks' own: the optimizer, which works on their tiles, and the sums of the stripes.
      let bytes = Double(width) * Double(28 * Self.items + 20 * 64 * Self.sessions)
      return try mean((phases * Double(threads) - bytes / memory) / Double(Self.items * Self.sessions))
    }
    let perOperation = max((perLogit[1] - perLogit[0]) / Double(8 * (widths[1] - widths[0])), 1e-13)
    return NodeSpeed.Head(
      gflops: 1e-9 / perOperation,
      nanosecondsPerLogit: max(0.01, (perLogit[0] - perOperation * Double(8 * widths[0])) * 1e9))
  }

  /// Seconds of a click on one core.
  private func encoder(of name: String) throws -> Double {
    guard let model = ModelConfiguration(name: name) else { preconditionFailure("no model \(name)") }
    var lanes = 8
    let report = try step {
      $0.model = model
      $0.items = 3000
      lanes = $0.lanes
    }
    let phases = (report.phases["encode"] ?? 0) + (report.phases["encode_backward"] ?? 0)
    let busiest = (lanes + threads - 1) / threads
    return try mean(phases * Double(lanes) / Double(busiest) / (Double(Self.sessions) * 3.4))
  }

  // MARK: Sending and writing

  /// What messages cost, where all ranks are on one node or each has a node to itself.
  private func measureMessages(_ speed: inout NodeSpeed) throws {
    let node = try group.splitByNode()
    let ranksOfNodes = try group.allGather([node.size]).all
    try (node as? Communicator)?.free()
    guard group.size > 1, ranksOfNodes.allSatisfy({ $0 == group.size }) || ranksOfNodes.allSatisfy({ $0 == 1 }) else {
      return
    }
    let single = try ExchangeTime.seconds(count: 1, times: 200, group)
    let message = try mean(single) / Double(group.size - 1) * 1e6
    guard ranksOfNodes[0] > 1 else {
      speed.networkMessageMicroseconds = message
      return
    }
    speed.messageMicroseconds = message
    let count = (1 << 22) / group.size
    let bytes = Double(4 * count * (group.size - 1))
    speed.exchangeGigabytesPerSecond = bytes / (try mean(try ExchangeTime.seconds(count: count, times: 5, group))) / 1e9
  }

  /// Rank 0 writes 64 MB as checkpoints are written, and removes them.
  private func checkpointBytesPerSecond() throws -> Double {
    var rate = [0.0]
    try group.together {
      guard group.rank == 0 else { return }
      let count = 1 << 24, file = path + ".speed"
      defer { unlink(file) }
      let tensor = SafetensorsTensor(name: "table", array: [Float](repeating: 1, count: count))
      rate[0] = Double(4 * count) / (try seconds { try SafetensorsWriter.write(to: file, tensors: [tensor]) })
    }
    try group.broadcast(&rate, from: 0)
    return rate[0]
  }
}

extension NodeSpeed {
  /// The constants as a table.
  package var table: String {
    let heads = head.sorted { $0.key < $1.key }.flatMap { precision, head in
      [
        ["GFLOP/s of the head's products a core, \(precision)", head.gflops.formatted(digits: 1)],
        ["ns a logit beside them, \(precision)", head.nanosecondsPerLogit.formatted(digits: 2)],
      ]
    }
    let encoders = encoderMicroseconds.sorted { $0.key < $1.key }.map { model, time in
      ["µs a click, \(model)", time.formatted(digits: 1)]
    }
    return machine + "\n"
      + alignedTable(
        heads + encoders + [
          ["GB/s of memory a core", memoryGigabytesPerSecond.formatted(digits: 1)],
          ["GB/s from rank to rank of a node", exchangeGigabytesPerSecond.formatted(digits: 1)],
          ["µs a message within a node", messageMicroseconds.formatted(digits: 1)],
          ["µs a message between nodes", networkMessageMicroseconds.formatted(digits: 1)],
          ["MB/s of a checkpoint", checkpointMegabytesPerSecond.formatted(digits: 0)],
        ])
  }
}
