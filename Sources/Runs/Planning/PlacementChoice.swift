import Catalogue
import MPI
import Models
import Text

/// Where the item table of a training goes, and what there is to say about it.
package struct PlacementChoice {
  package let placement: TablePlacement
  /// For the log; nil where there is nothing to choose.
  let remark: String?

  /// Between nodes; the rate of the links is not known.
  private static let assumedNetwork = 10e9
  /// What makes it worth a word: this share of the seconds or of the memory less, and so many bytes.
  private static let worthwhile = (seconds: 0.95, memory: 0.75, bytes: 2e8)

  /// The same on every rank; collective.
  /// - Parameter ranks: how many train together: of a hand-off, those of a group.
  package init(
    _ choice: ItemTableChoice, _ model: ModelConfiguration, _ load: StepLoad, ranks: Int, group: any ProcessGroup
  ) throws {
    if ranks == 1 || choice == .sharded || !load.isFullLoss && choice == .replicated {
      (placement, remark) = (choice == .sharded ? .sharded : .replicated, nil)
      return
    }
    if !load.isFullLoss {
      // Of a sampled loss `StepCost` knows neither seconds nor bytes: replicas where they fit.
      let fits = try Self.replicasFit(model, load, ranks: ranks, group: group)
      placement = fits ? .replicated : .sharded
      remark = "the item table is \(placement.rawValue)" + (fits ? "" : ": there is no memory for replicas")
      return
    }
    let node = try group.splitByNode()
    var perNode = [min(ranks, node.size)]
    try (node as? Communicator)?.free()
    try group.maximum(&perNode)
    func cost(_ placement: TablePlacement) throws -> StepCost {
      var load = load
      load.placement = placement
      let nodes = (ranks + perNode[0] - 1) / perNode[0]
      let cluster = ClusterShape(
        nodes: nodes, cores: perNode[0] * load.threads, network: nodes > 1 ? Self.assumedNetwork : nil)
      return try StepCost(model, load, ranks: ranks, ranksPerNode: perNode[0], on: cluster, speed: .zen4)
    }
    let sharded = try cost(.sharded)
    let replicated: StepCost
    do {
      replicated = try cost(.replicated)
    } catch MPIError.moreRanksThanBlocks(_, let blocks) where choice == .auto {
      (placement, remark) = (
        .sharded, "the item table is sharded: \(blocks) blocks allow no more than \(blocks) replicas"
      )
      return
    }
    var shortage = [(NodeMemory.available() ?? .max) / perNode[0] < replicated.memory ? 1 : 0]
    try group.maximum(&shortage)
    let isFaster = sharded.seconds < Self.worthwhile.seconds * replicated.seconds
    let isSmaller =
      Double(sharded.memory) < Self.worthwhile.memory * Double(replicated.memory)
      && Double(replicated.memory - sharded.memory) > Self.worthwhile.bytes
    let isAutomatic = choice == .auto
    placement = isAutomatic && (isFaster || shortage[0] == 1) ? .sharded : .replicated
    switch (isAutomatic, placement) {
    case (true, .sharded):
      remark = "the item table is sharded: " + sharded.comparison(with: replicated, placement: .replicated)
    case (true, .replicated):
      remark = "the item table is replicated: " + replicated.comparison(with: sharded, placement: .sharded)
    case (false, _):
      remark = isFaster || isSmaller ? replicated.comparison(with: sharded, placement: .sharded) : nil
    }
  }

  /// Whether every node has memory for its ranks' replicas; collective.
  private static func replicasFit(
    _ model: ModelConfiguration, _ load: StepLoad, ranks: Int, group: any ProcessGroup
  ) throws -> Bool {
    var load = load
    load.placement = .replicated
    let needed = try MemoryForecast(model, load, rank: 0, size: ranks).total
    let node = try group.splitByNode()
    var lacks = [(NodeMemory.available() ?? .max) / min(ranks, node.size) < needed ? 1 : 0]
    try (node as? Communicator)?.free()
    try group.maximum(&lacks)
    return lacks[0] == 0
  }
}
