import Catalogue
import Learning
import MPI
import Models
import Randomness
import Sessions
import Tensors
import TestSupport

/// Heads on several ranks, with the item table on each or shared between them: bit by bit what one process computes.
var headCases: [String: RankCase] {
  ["heads": heads, "rows": rows, "steps": steps]
}

private func matrix(_ rows: Int, _ width: Int, seed: UInt64, in arena: Arena) -> Tensor {
  var random = RandomStream(seed: seed, purpose: .initialisation)
  let tensor = arena.zeros(rows: rows, columns: width)
  for index in tensor.elements.indices { tensor.elements[index] = Float(random.normal()) }
  return tensor
}

private func heads(_ group: any ProcessGroup) throws {
  // Fewer stripes than ranks, as many, and more tiles than stripes.
  for items in [300, 3000, 40_000] { try heads(items: items, on: group) }
}

private func heads(items: Int, on group: any ProcessGroup) throws {
  let arena = Arena(), width = 12
  let table = matrix(items + 1, width, seed: 1, in: arena)
  table.rows(0..<1).elements.update(repeating: 0)
  let lanes: [HeadTrial.Lane] = [5, 0, 17, 3, 1, 16, 2, 4].enumerated().map { lane, count in
    (
      matrix(count, width, seed: 10 + UInt64(lane), in: arena),
      (0..<count).map { Int32((lane * 977 + $0 * 131) % items) + 1 }
    )
  }
  func plan(_ kind: LossPlan.Kind) -> LossPlan {
    var plan = LossPlan()
    plan.kind = kind
    return plan
  }
  let share = (0...items).map { Double($0) / Double(items) }
  for scoring in [CatalogueScoring.dotProduct, .cosine(temperature: 0.2, itemDropout: 0.3)] {
    for precision in Precision.allCases where precision.isSupported {
      for sampled in [nil, plan(.bprMax), plan(.generalisedBCE)] {
        func trial(_ placement: TablePlacement, blocks: Int, on group: any ProcessGroup) throws -> HeadTrial {
          try HeadTrial(
            table: table, lanes, blocks: blocks, scoring: scoring,
            sampled: sampled.map { ($0, share, [7, 1, Int32(items), 7]) }, precision: precision,
            placement: placement, group: group)
        }
        for (placement, blocks) in [(TablePlacement.replicated, 8), (.sharded, 8), (.sharded, 2)] {
          let whole = try trial(.replicated, blocks: blocks, on: SoloGroup())
          let part = try trial(placement, blocks: blocks, on: group)
          let what =
            "\(items) items, \(scoring), \(precision), \(placement), \(blocks) blocks, \(sampled?.kind.rawValue ?? "ce")"
          try expectEqual([part.loss], [whole.loss], "loss, \(what)")
          try expectEqual(try group.allGather(part.sessions).all, whole.sessions, "sessions, \(what)")
          try expectEqual(try group.allGather(part.rows).all, whole.rows, "rows, \(what)")
          try expectEqual(try group.allGather(part.table).all, whole.table, "table, \(what)")
        }
      }
    }
  }
}

/// Every rank gets the rows that it asks for, whoever owns them.
private func rows(_ group: any ProcessGroup) throws {
  for items in [20, 5000] {
    var builder = ParameterBuilder()
    _ = builder.itemTable("items", items: items, width: 3, .xavierNormal)
    let parameters = builder.build()
    parameters.initialise(seed: 5)
    let whole = parameters.itemTable.value, arena = Arena()
    for placement in TablePlacement.allCases {
      let table = ItemTable(parameters, placement: placement, group: group)
      try table.initialise(seed: 5)
      try expectEqual(table.held.values.array, whole.rows(table.held.range).array, "the rows that a rank makes")
      var asked = Set((0..<40).map { Int32(($0 * 37 * (group.rank + 1)) % (items + 1)) })
      // One rank asks for nothing.
      if group.size > 1 && group.rank == group.size - 1 { asked = [] }
      let fetched = try table.fetch(asked.sorted()), order = Array(asked)
      try expectEqual(
        fetched.gathered(order, in: arena).array, whole.gathered(order, in: arena).array, "\(placement) rows")
    }
  }
}

/// Many lanes, few blocks: with a sharded table there may be as many ranks as lanes.
private func steps(_ group: any ProcessGroup) throws {
  let sessions = SyntheticSessions.table(sessions: 200, items: 4000, seed: 3)
  func train(_ placement: TablePlacement, on group: any ProcessGroup) throws -> (loss: Double, weights: [Float]) {
    let model = GRU4Rec(GRU4Rec.Options(), items: 4000)
    var options = Trainer.Options(lanes: 16)
    options.headBlocks = 2
    options.placement = placement
    options.clipNorm = 0.1
    let trainer = try Trainer(model, options, group: group)
    try trainer.table.initialise(seed: 4)
    model.parameters.initialiseDense(seed: 4)
    var loss = 0.0
    for step in 0..<3 {
      loss += try trainer.run(step, on: Array(Int32(step) * 60..<Int32(step + 1) * 60)[...], of: sessions, rate: 0.01)
        .loss
    }
    try trainer.requireEqualReplicas()
    let own = try group.allGather(trainer.table.own.array).all
    return (loss, own + model.parameters.denseStorage.elements)
  }
  let alone = try train(.replicated, on: SoloGroup())
  for placement in TablePlacement.allCases where placement == .sharded || group.size <= 2 {
    let together = try train(placement, on: group)
    try expect(together.loss == alone.loss, "\(placement): \(together.loss) is \(alone.loss)")
    try expectEqual(together.weights, alone.weights, "\(placement) weights")
  }
  if group.size > 2 {
    do {
      _ = try train(.replicated, on: group)
      throw CheckFailed("\(group.size) replicas of 2 blocks were accepted")
    } catch let error as MPIError {
      try expect(error == .moreRanksThanBlocks(ranks: group.size, blocks: 2), "\(error)")
    }
  }
}
