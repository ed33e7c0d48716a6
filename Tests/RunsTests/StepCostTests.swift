import Catalogue
import MPI
import Models
import Runs
import Testing

/// What a step is computed to cost, beside numbers that are worked out by hand. What is really sent is compared in
/// `PlanCommandTests`.
@Suite struct StepCostTests {
  private let model = ModelConfiguration(GRU4Rec.self)

  private func load(_ placement: TablePlacement, items: Int = 65_536, batch: Int = 1024) -> StepLoad {
    var load = StepLoad(
      items: items, batchSize: batch, clicksPerSession: 3.4, lanes: 8, headBlocks: 8, threads: 1)
    load.placement = placement
    return load
  }

  private func traffic(_ load: StepLoad, rank: Int, of ranks: Int) throws -> [String: Double] {
    let parts = StepTraffic(ModelShape(model), load, try StepShares(load, ranks: ranks), rank: rank).parts
    return Dictionary(uniqueKeysWithValues: parts.map { ($0.name, $0.bytes) })
  }

  @Test func oneRankSendsNothing() throws {
    for placement in TablePlacement.allCases { #expect(try traffic(load(placement), rank: 0, of: 1).isEmpty) }
  }

  @Test func replicasSendTheTableTwice() throws {
    let parts = try traffic(load(.replicated), rank: 1, of: 2)
    // 128 tiles of 512 rows: half of them are rank 1's, without the padding row.
    #expect(parts["table's gradient"] == Double(32_769 * 64 * 4))
    #expect(parts["updated rows"] == Double(32_768 * 64 * 4))
  }

  @Test func threeRanksSendAPartialSumForEachNode() throws {
    // Blocks 0 and 1, 2 to 4, 5 to 7: one, two and two nodes of the tree.
    let sent = try (0..<3).map { try traffic(load(.replicated), rank: $0, of: 3)["table's gradient"]! }
    #expect(sent[1] > 1.9 * sent[0] && sent[1] < 2.1 * sent[0])
    #expect(sent[2] > 1.9 * sent[0] && sent[2] < 2.1 * sent[0])
  }

  @Test func ranksThatShareTheTableSendVectorsInstead() throws {
    let parts = try traffic(load(.sharded), rank: 0, of: 4)
    #expect(parts["session vectors"] == Double(3 * 256 * 64 * 4))
    #expect(parts["normalisers"] == Double(3 * 2 * 1024 * 8))
    #expect(parts["targets' logits"] == Double(2 * 3 * 1024 * 4) / 4)
    #expect(parts["sessions' gradients"] == Double(768 * 64 * 4))
    #expect(parts["table's gradient"] == nil)
    // No more than all rows that are clicked on or asked for, and they do not grow with the catalogue.
    let rows = try #require(parts["looked-up rows"])
    #expect(rows > 0 && rows < 0.75 * 256 * 4.4 * 65 * 4)
    let larger = try #require(try traffic(load(.sharded, items: 6_553_600), rank: 0, of: 4)["looked-up rows"])
    #expect(larger < 1.2 * rows)
  }

  @Test func stripesAreDealtWhole() throws {
    let shares = try StepShares(load(.sharded), ranks: 3)
    #expect((0..<3).map { shares.walkedStripes(of: $0) } == [21, 21, 22])
    // The slowest rank has 22 of 64 stripes.
    let cost = try StepCost(
      model, load(.sharded), ranks: 3, ranksPerNode: 3, on: ClusterShape(nodes: 1, cores: 3, network: nil), speed: .zen4
    )
    let alone = try StepCost(
      model, load(.sharded), ranks: 1, ranksPerNode: 1, on: ClusterShape(nodes: 1, cores: 3, network: nil), speed: .zen4
    )
    func head(_ cost: StepCost) -> Double { cost.phases.first { $0.name == "head" }!.seconds }
    #expect(head(cost) > head(alone) * 22 / 64 && head(cost) < head(alone) * 23 / 64)
  }

  @Test func memoryIsWhatEachLayoutKeeps() throws {
    func bytes(_ load: StepLoad, ranks: Int, _ name: String) throws -> Int {
      let forecast = MemoryForecast(ModelShape(model), load, try StepShares(load, ranks: ranks), rank: 0)
      return forecast.parts.first { $0.name == name }?.bytes ?? 0
    }
    let table = 65_537 * 64 * 4
    #expect(try bytes(load(.replicated), ranks: 1, "its gradient") == 0)
    #expect(try bytes(load(.replicated), ranks: 2, "its gradient") == table)
    #expect(try bytes(load(.replicated), ranks: 2, "item table") == table)
    #expect(try bytes(load(.sharded), ranks: 2, "its gradient") == 0)
    #expect(try bytes(load(.sharded), ranks: 2, "item table") == 32_769 * 64 * 4)
    #expect(try bytes(load(.sharded), ranks: 2, "its moments") == 2 * 32_769 * 64 * 4)
    var clipped = load(.sharded)
    clipped.clips = true
    #expect(try bytes(clipped, ranks: 2, "its gradient") == 32_769 * 64 * 4)
  }

  @Test func aSlowerNetworkTakesLonger() throws {
    func seconds(_ placement: TablePlacement, _ rate: Double) throws -> Double {
      let cluster = ClusterShape(nodes: 2, cores: 1, network: rate)
      return try StepCost(model, load(placement), ranks: 2, ranksPerNode: 1, on: cluster, speed: .zen4).seconds
    }
    // 8.4 MB straight, and 8.4 in a circle that takes 1.8 times as long, over a link that gives 95.7 % of 100 Mbit/s.
    let difference = try seconds(.replicated, 100e6) - seconds(.replicated, 1e12)
    #expect(difference > 1.9 && difference < 2.1)
    #expect(try seconds(.sharded, 100e6) < seconds(.replicated, 100e6))
  }

  @Test func layoutsAreComparedInWords() throws {
    let cluster = ClusterShape(nodes: 1, cores: 2, network: nil)
    func cost(_ placement: TablePlacement) throws -> StepCost {
      try StepCost(model, load(placement, items: 1_400_000), ranks: 2, ranksPerNode: 2, on: cluster, speed: .zen4)
    }
    let sentence = try cost(.replicated).comparison(with: cost(.sharded), placement: .sharded)
    #expect(
      sentence.wholeMatch(
        of: /--item-table sharded would take 0\.\d GB less a rank and send \d\.\d MB a step instead of 35\d/) != nil,
      "\(sentence)")
  }

  /// Whoever adds a model need not time it: its steps are computed all the same.
  @Test func aModelThatNobodyHasTimedCostsAsMuchAsTheDearest() {
    let times = NodeSpeed.encoderTimes(of: ["GRU4Rec", "NARM", "New"], timed: ["GRU4Rec": 2, "NARM": 3])
    #expect(times == ["GRU4Rec": 2, "NARM": 3, "New": 3])
    #expect(ModelConfiguration.names.allSatisfy { NodeSpeed.zen4.encoderMicroseconds[$0] != nil })
  }
}
