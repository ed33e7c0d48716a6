import Evaluation
import Foundation
import MPI
import Models
import Randomness
import Sessions
import Storage
import Tensors

/// A pre-trained model on every rank, ready to be adapted to a data set whose vocabulary is the checkpoint's or
/// an extension of it.
public struct PretrainedModel {
  let model: any SessionModel
  /// SHA-256 of the checkpoint's weights.
  let checksum: String
  /// The model as it ranks the catalogue.
  let served: ServedModel
  /// The steps of training that its moments have seen.
  let optimizerSteps: Int
  /// The optimizer's moments where they are carried on; nil where it starts anew.
  let moments: [Moments]?

  /// What an optimizer remembers under one of the names of `Optimizer.state`.
  struct Moments {
    /// Of the rows that this rank updates in its group.
    let table: FloatStorage
    let dense: FloatStorage
  }

  /// Reads the weights on rank 0 and hands them to the others; collective.
  /// - Parameters:
  ///   - opened: verified, its vocabulary that of `dataset` or the beginning of it.
  ///   - plan: whose model has the checkpoint's shapes, and whose seed new items' rows are drawn with.
  ///   - layout: the groups of ranks that will train.
  /// - Throws: `TrainingError.noMoments`, `.sessionsTooLong`, `StorageError`, `MPIError`.
  init(
    _ opened: OpenedCheckpoint, _ plan: FineTuningPlan, for dataset: PreparedDataset, layout: GroupLayout,
    group: any ProcessGroup
  ) throws {
    let model = try dataset.makeModel(plan.training.model)
    let parameters = model.parameters
    try group.together {
      guard let checkpoint = opened.checkpoint else { return }
      try checkpoint.loadWeights(into: parameters)
      parameters.itemTable.initialiseItems(
        behind: opened.state.items, of: dataset.itemIDs, seed: plan.training.seed)
    }
    try parameters.broadcast(from: 0, group: group)
    self.model = model
    checksum = opened.state.weightsChecksum
    served = try ServedModel(model)
    // What was fine-tuned with moments that it took over counts the steps before, too.
    let before = opened.state.options[Self.optimizerStepsKey].flatMap { Int($0) } ?? 0
    optimizerSteps = plan.moments == .keep ? before + opened.state.step : 0
    moments = plan.moments == .keep ? try Self.loadMoments(opened, plan, parameters, layout, group: group) : nil
  }

  /// Under which name a checkpoint's options have the steps that its moments had seen before its own.
  static let optimizerStepsKey = "optimizer_steps"

  private static func loadMoments(
    _ opened: OpenedCheckpoint, _ plan: FineTuningPlan, _ parameters: ParameterSet, _ layout: GroupLayout,
    group: any ProcessGroup
  ) throws -> [Moments] {
    let table = parameters.itemTable
    let rows = (0..<group.size).map { layout.rows(ofRank: $0, tableRows: table.rows) }
    return try plan.training.optimization.momentNames.map { name in
      let moments = Moments(
        table: FloatStorage(count: rows[group.rank].count * table.columns),
        dense: FloatStorage(count: parameters.denseCount))
      let whole = FloatStorage(count: group.rank == 0 ? table.count : 0)
      try group.together {
        try opened.checkpoint?.loadOptimizerState(name, of: parameters, table: whole, dense: moments.dense)
      }
      // Groups side by side hold the same rows: what rank 0 hands out overlaps.
      guard group.rank == 0 else {
        try group.exchange([.receive(into: moments.table.elements, from: 0)])
        try group.broadcast(moments.dense.elements, from: 0)
        return moments
      }
      func block(_ rank: Int) -> UnsafeMutableBufferPointer<Float> {
        whole.tensor(rows: table.rows, columns: table.columns).rows(rows[rank]).elements
      }
      _ = moments.table.elements.update(fromContentsOf: block(0))
      try group.exchange((1..<group.size).map { .send(UnsafeBufferPointer(block($0)), to: $0) })
      try group.broadcast(moments.dense.elements, from: 0)
      return moments
    }
  }
}

extension GroupLayout {
  /// The rows of the item table that a rank updates in its group; none where it is in no group.
  fileprivate func rows(ofRank rank: Int, tableRows: Int) -> Range<Int> {
    guard let ranks = groups.first(where: { $0.ranks.contains(rank) })?.ranks else { return 0..<0 }
    let bounds = GradientExchange.rowBounds(ofTableWith: tableRows, ranks: ranks.count)
    return bounds[rank - ranks.lowerBound]..<bounds[rank - ranks.lowerBound + 1]
  }
}

extension OptimizationPlan {
  /// Under which names the optimizer's moments are in checkpoints.
  var momentNames: [String] { Optimizer(optimizerOptions, count: 0).state.map(\.name) }
}

extension Trainer {
  /// Takes over moments: those of this rank's rows of the table, and the dense weights'.
  func takeOver(_ moments: [PretrainedModel.Moments]) {
    for (from, (own, dense)) in zip(moments, zip(tableOptimizer.state, denseOptimizer.state)) {
      let count = own.values.count
      precondition(from.table.count == count, "moments of \(from.table.count) weights for \(count)")
      own.values.base.update(from: from.table.base, count: from.table.count)
      dense.values.base.update(from: from.dense.base, count: from.dense.count)
    }
  }
}

extension Parameter {
  /// Gives the rows of items behind the first ones their first values. The random numbers are keyed by the item's
  /// id, so that an item starts alike wherever its row lands.
  /// - Parameter known: items that have their values; their number also scales the others' (`Initialiser`).
  func initialiseItems(behind known: Int, of items: ItemCatalog, seed: UInt64) {
    for row in known + 1..<items.count + 1 {
      let random = RandomStream(seed: seed, purpose: .newItems, index: Self.key(of: items.id(of: Int32(row))))
      initialiser.fill(row: value.rows(row..<row + 1).elements, ofRows: known + 1, with: random)
    }
  }

  /// The first 64 bits of the id's SHA-256.
  private static func key(of id: String) -> UInt64 {
    UInt64(Checksum.sha256(of: Data(id.utf8)).prefix(16), radix: 16)!
  }
}
