import Catalogue
import MPI
import Models
import Tensors
import Text

/// Nodes that are all alike, and what joins them.
package struct ClusterShape: Sendable {
  package var nodes = 1
  /// Of a node.
  package var cores = 1
  /// Bits a second of a node's link, in either direction; nil where there is one node.
  package var network: Double?

  /// What of a link's rate TCP gets as payload.
  static let payload = 0.957

  package init(nodes: Int, cores: Int, network: Double?) {
    self.nodes = nodes
    self.cores = cores
    self.network = network
  }
}

/// What a step costs: bytes, memory and seconds, computed and not measured.
package struct StepCost: Sendable {
  /// What a rank sends, mean over the ranks.
  package let bytes: Double
  /// Of the rank that needs most.
  package let memory: Int
  /// Where the seconds go, for the slowest rank.
  package let phases: [(name: String, seconds: Double)]

  package var seconds: Double { phases.reduce(0) { $0 + $1.seconds } }

  /// - Parameters:
  ///   - ranksPerNode: as many on each; the last node may have fewer.
  ///   - speed: of one of the nodes.
  /// - Throws: `MPIError.moreRanksThanLanes`, `.moreRanksThanBlocks`, `.lanesNotAPowerOfTwo`;
  ///   `PlanningError.notCalibrated`.
  package init(
    _ model: ModelConfiguration, _ load: StepLoad, ranks: Int, ranksPerNode: Int, on cluster: ClusterShape,
    speed: NodeSpeed
  ) throws {
    let shape = ModelShape(model)
    let shares = try StepShares(load, ranks: ranks)
    let all = 0..<ranks
    memory = all.map { MemoryForecast(shape, load, shares, rank: $0).total }.max()!
    let traffic = all.map { StepTraffic(shape, load, shares, rank: $0) }
    bytes = traffic.reduce(0) { $0 + $1.bytes } / Double(traffic.count)

    let rank = Rank(shape: shape, load: load, shares: shares, ranksPerNode: ranksPerNode, cluster: cluster)
    let seconds = try StepSeconds(model, rank, speed)
    phases = [
      ("encode", all.map(seconds.encode).max()!), ("head", all.map(seconds.head).max()!),
      ("gradient", all.map(seconds.gradient).max()!), ("optimizer", all.map(seconds.optimizer).max()!),
      ("exchange", traffic.reduce(0) { $0 + seconds.exchange($1) } / Double(traffic.count)),
    ]
  }

  /// What every rank of a step has around it.
  struct Rank {
    let shape: ModelShape
    let load: StepLoad
    let shares: StepShares
    let ranksPerNode: Int
    let cluster: ClusterShape

    /// How much longer everything takes where a node has more threads than cores.
    var crowding: Double { max(1, Double(ranksPerNode * load.threads) / Double(cluster.cores)) }

    /// The pieces into which threads cut stripes where there are more of them: by blocks, or tiles.
    func pieces(ofStripes stripes: Int) -> Int {
      stripes == 0 ? 0 : stripes * min(load.headBlocks, max(1, (load.threads + stripes - 1) / stripes))
    }

    /// The part of some equal pieces of work that the busiest thread does.
    func threadShare(ofPieces pieces: Int) -> Double {
      pieces == 0 ? 0 : Double((pieces + load.threads - 1) / load.threads) / Double(pieces)
    }
  }
}

extension StepCost {
  /// This layout of the item table beside the other, in words: `--item-table sharded would take 0.3 GB less a rank and
  /// send 1 MB a step instead of 51`.
  /// - Parameter placement: the other cost's.
  package func comparison(with other: StepCost, placement: TablePlacement) -> String {
    let gigabytes = Double(other.memory - memory) / 1e9
    let memory = "take \(abs(gigabytes).formatted(digits: 1)) GB \(gigabytes < 0 ? "less" : "more") a rank"
    func megabytes(_ bytes: Double) -> String { (bytes / 1e6).formatted(digits: bytes < 9.95e6 ? 1 : 0) }
    return "--item-table \(placement.rawValue) would \(memory) and send \(megabytes(other.bytes)) MB a step instead of "
      + megabytes(bytes)
  }
}
