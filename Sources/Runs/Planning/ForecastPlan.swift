import Catalogue
import MPI
import Models
import OptionTables
import Sessions
import Tensors

/// What `caravan plan` is asked: a training, and the nodes that it is to run on.
package struct ForecastPlan: Sendable {
  package var model = ModelConfiguration(GRU4Rec.self)
  /// V, the items of the catalogue, and the sessions of an epoch: Amazon-M2's.
  package var items = 1_400_000
  package var sessions = 3_600_000
  /// Clicks of a session, on average.
  package var clicks = 3.4
  package var batchSize = 1024
  package var targets = TargetRule.prefixes
  package var precision = Precision.float32
  /// None: the fewest that the ranks need, but 8.
  package var lanes: Int?
  package var headBlocks: Int?
  package var nodes = 1
  /// Of a node.
  package var cores = 1
  /// Bits a second of a node's link.
  package var network: Double?
  /// Bytes of a node; none where it is not to be looked at.
  package var memory: Int?
  /// None: several.
  package var ranksPerNode: Int?
  package var threadsPerRank: Int?

  package init() {}
}

extension ForecastPlan: RunPlan {
  package var modelName: String { model.name }

  package var defaults: [String: String] { model.recipe }

  package var table: OptionTable<ForecastPlan> {
    OptionTable(joining: [
      ModelConfiguration.neuralChoice.lifted(\.model), model.table.lifted(\.model), Self.ownTable,
    ])
  }

  /// What is not the model's.
  static let ownTable = OptionTable<ForecastPlan>([
    OptionDeclaration("items", \.items, .count(12...100_000_000), "Items of the catalogue."),
    OptionDeclaration(
      "n_sessions", \.sessions, .count(1...1_000_000_000_000), aliases: ["sessions"], "Sessions of an epoch."),
    OptionDeclaration(
      "clicks", \.clicks, .number("a number from 1 to 1000") { (1...1000).contains($0) },
      "Clicks of a session, on average."),
    OptionDeclaration(
      "batch_size", \.batchSize, .count(1...(1 << 24)), aliases: ["train_batch_size"],
      "Sessions in a global batch, over all ranks."),
    OptionDeclaration(
      "targets", \.targets, .choice,
      "What is learned of a session: last, its last item; all and prefixes, each from the second on."),
    .precision(\.precision),
    OptionDeclaration(
      "lanes", \.lanes, OptionKind.powerOfTwo(1...LaneTree.maximumLanes).orAuto(),
      "Parts of a batch; auto: 8, or as many as the ranks need."),
    OptionDeclaration(
      "head_blocks", \.headBlocks, OptionKind.powerOfTwo(1...LaneTree.maximumLanes).orAuto(),
      "Parts of a batch that the head multiplies; auto: 8, or as many as the ranks need."),
    OptionDeclaration("nodes", \.nodes, .wholeNumber(1...4096), "Nodes, all alike."),
    OptionDeclaration("cores", \.cores, .wholeNumber(1...4096), "Cores of a node."),
    OptionDeclaration(
      "network", \.network, OptionKind.linkRate.orNone(),
      "A node's link, such as 10GbE or 200Gb/s, which several nodes want."),
    OptionDeclaration(
      "memory", \.memory, OptionKind<Int>.count(1_000_000...1_000_000_000_000_000).orNone(),
      "Memory of a node, such as 128G, in bytes."),
    OptionDeclaration(
      "ranks_per_node", \.ranksPerNode, OptionKind.wholeNumber(1...4096).orAuto(),
      "Ranks of a node; auto: 1, 2, 4 and so on, up to a rank a core."),
    OptionDeclaration(
      "threads_per_rank", \.threadsPerRank,
      OptionKind.wholeNumber(1...CatalogueLayout.largestStripeCount).orAuto(),
      "Threads of a rank; auto: as many as there are cores for."),
  ])

  /// The options without those of models, for help.
  package static var section: [OptionSummary] {
    ModelConfiguration.neuralChoice.summaries(Self().model) + ownTable.summaries(Self())
  }

  package func validate() throws(OptionError) {
    try table.check(self)
    try model.validate()
    if nodes > 1, network == nil {
      throw .badValue(
        "--network", value: "none", allowed: "a rate such as 10GbE, for there are \(nodes) nodes, or --nodes 1")
    }
  }

  var cluster: ClusterShape { ClusterShape(nodes: nodes, cores: cores, network: nodes > 1 ? network : nil) }

  /// The step on so many ranks; lanes and blocks that were not chosen follow from them.
  func load(_ placement: TablePlacement, ranks: Int, threads: Int) -> StepLoad {
    func enough(_ ranks: Int) -> Int {
      var count = 8
      while count < ranks, count < LaneTree.maximumLanes { count *= 2 }
      return count
    }
    let lanes = lanes ?? max(enough(ranks), headBlocks ?? 1)
    let blocks = headBlocks ?? (placement == .sharded ? 8 : enough(ranks))
    var load = StepLoad(
      items: items, batchSize: batchSize, clicksPerSession: clicksPerRow, lanes: lanes,
      headBlocks: min(blocks, lanes), threads: threads)
    load.targetsPerSession = targets == .all ? clicks : 1
    load.placement = placement
    load.precision = precision
    return load
  }

  /// Rows of an epoch: sessions, or prefixes.
  var rows: Int { targets == .prefixes ? Int(Double(sessions) * clicks) : sessions }

  /// What the encoder goes through for a row. Models that encode every prefix by itself go through a session's first
  /// clicks again and again.
  private var clicksPerRow: Double {
    switch targets {
    case .last: clicks
    case .all: ModelShape(model).sharesPrefixes ? clicks : clicks * Self.prefixClicks
    case .prefixes: Self.prefixClicks
    }
  }

  /// Clicks of all prefixes of a session over those of the session, which is also the mean length of a prefix, for made-up
  /// sessions: as skewed as Amazon-M2's.
  private static let prefixClicks = 4.1
}

extension OptionKind<Double> {
  /// What a link carries in a second, in bits.
  static var linkRate: Self {
    Self("a rate such as 100MbE, 1GbE, 10GbE, 25GbE or 100GbE", valueName: "rate") { text in
      let lower = text.lowercased()
      let units = [("mbe", 1e6), ("gbe", 1e9), ("mbit", 1e6), ("gbit", 1e9)]
      guard let (unit, factor) = units.first(where: { lower.hasSuffix($0.0) }),
        let number = Double(lower.dropLast(unit.count)), number > 0, number.isFinite, number * factor <= 1e15
      else { return nil }
      return number * factor
    } text: { rate in
      func short(_ number: Double) -> String { number == number.rounded() ? "\(Int(number))" : "\(number)" }
      return rate < 1e9 ? "\(short(rate / 1e6))MbE" : "\(short(rate / 1e9))GbE"
    }
  }
}
