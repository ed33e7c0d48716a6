import Learning
import MPI
import Models
import TestSupport

/// The training step on several ranks, against RecBole's own runs.
var trainingCases: [String: RankCase] {
  ["trajectories": trajectories, "replicas": replicas, "weights": largestWeights]
}

private func makeTrainer(_ group: any ProcessGroup) throws -> Trainer {
  // 10,000 rows of a table do not divide by any number of ranks here.
  let model = GRU4Rec(GRU4Rec.Options(), items: 9999)
  model.parameters.initialise(seed: 7)
  return try Trainer(model, Trainer.Options(lanes: 8), group: group)
}

/// One bit of one weight of one rank is found, and all ranks hear of which.
private func replicas(_ group: any ProcessGroup) throws {
  let trainer = try makeTrainer(group), odd = group.size - 1
  try trainer.requireEqualReplicas()
  let table = trainer.model.parameters.itemTable.value, dense = trainer.model.parameters.dense[0].value
  for (weights, what) in [(table, "the item table"), (dense, "the other weights")] {
    let last = weights.count - 1, before = weights.elements[last]
    if group.rank == odd { weights.elements[last] = Float(bitPattern: before.bitPattern ^ 1) }
    var found: LearningError?
    do { try trainer.requireEqualReplicas() } catch let error as LearningError { found = error }
    let expected = LearningError.replicasDiffer(rank: odd, host: MPIRuntime.hostname, what: what)
    try expect(found == (group.size == 1 ? nil : expected), "\(String(describing: found)) is \(expected)")
    weights.elements[last] = before
  }
  try trainer.requireEqualReplicas()
}

/// Each rank looks at its own rows; what one finds, all know.
private func largestWeights(_ group: any ProcessGroup) throws {
  let trainer = try makeTrainer(group)
  try expect(try trainer.largestWeight() < 1, "fresh weights are small")
  let table = trainer.model.parameters.itemTable.value
  for row in [0, 512, 513, 5000, 9999] {
    let place = row * table.columns + 3, before = table.elements[place]
    for odd in [Float.nan, -Float.infinity, -1e20] {
      // As the exchange leaves it: on all ranks.
      table.elements[place] = odd
      let found = try trainer.largestWeight()
      try expect(odd.isNaN ? found.isNaN : found == abs(odd), "row \(row): \(found) for \(odd)")
    }
    table.elements[place] = before
  }
}

private func trajectories(_ group: any ProcessGroup) throws {
  for fixture in try Fixture.all(trajectories: true) {
    for deviation in try fixture.trajectoryDeviations(lanes: 8, group: group) ?? [] {
      try expect(deviation.value <= 1e-4, "\(fixture.name): \(deviation) is at most 1e-4")
    }
  }
}
