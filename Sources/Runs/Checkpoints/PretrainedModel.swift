import Catalogue
import Evaluation
import Foundation
import Learning
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
  /// What a model inherits that is adapted from it.
  let inheritance: InheritedRows
  /// Whether it was trained on another data set of the same items, whose sessions may be divided otherwise.
  package let isOfAnotherPreparation: Bool
  /// SHA-256 of the checkpoint's weights.
  package let checksum: String
  /// The rows of its item table that this rank holds in its group.
  let rows: FloatStorage
  private let placement: TablePlacement
  /// The steps of training that its moments have seen.
  package let optimizerSteps: Int
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
  ///   - keepsMoments: whether the optimizer goes on with the checkpoint's moments, which must be those of the plan's rule.
  ///   - layout: the groups of ranks that will train.
  /// - Throws: `RunError.sessionsTooLong`, `StorageError`, `MPIError`.
  package init(
    _ opened: OpenedCheckpoint, _ plan: TrainingPlan, keepsMoments: Bool, for dataset: PreparedDataset,
    layout: GroupLayout, group: any ProcessGroup
  ) throws {
    let model = try dataset.makeModel(plan.model)
    let parameters = model.parameters, isSharded = plan.itemTable == .sharded
    let table = try group.together { () -> MappedArray<Float>? in
      try opened.checkpoint?.loadDenseWeights(into: parameters)
      return try opened.checkpoint?.itemTable(of: parameters)
    }
    try group.broadcast(parameters.denseStorage.elements, from: 0)
    let known = opened.state.items + 1
    let held = (0..<group.size).map {
      isSharded ? layout.rows(ofRank: $0, tableRows: parameters.itemTable.rows) : 0..<parameters.itemTable.rows
    }
    let own = held[group.rank], width = parameters.itemTable.columns
    rows = isSharded ? FloatStorage(count: own.count * width) : parameters.tableStorage
    try Self.handOut(table, rows: held, width: width, known: known, into: rows, group: group)
    parameters.itemTable.initialiseItems(
      behind: opened.state.items, of: dataset.itemIDs, seed: plan.seed,
      in: TableSlice(rows.tensor(rows: own.count, columns: width), first: own.lowerBound))
    self.model = model
    inheritance = opened.state.inheritance(for: dataset)
    isOfAnotherPreparation = opened.state.isOfAnotherPreparation(than: dataset)
    placement = plan.itemTable.placement
    checksum = opened.state.weightsChecksum
    // What was fine-tuned with moments that it took over counts the steps before, too.
    let before = opened.state.options[Self.optimizerStepsKey].flatMap { Int($0) } ?? 0
    optimizerSteps = keepsMoments ? before + opened.state.step : 0
    moments = keepsMoments ? try Self.loadMoments(opened, plan, parameters, layout, group: group) : nil
  }

  /// The model as it ranks the catalogue; collective.
  /// - Parameter group: this rank's among those that the rows were given to.
  package func served(on group: any ProcessGroup) throws(MPIError) -> ServedModel {
    let table = ItemTable(model.parameters, placement: placement, group: group)
    table.adopt(rows)
    return try ServedModel(model, table)
  }

  /// Under which name a checkpoint's options have the steps that its moments had seen before its own.
  package static let optimizerStepsKey = "optimizer_steps"

  private static func loadMoments(
    _ opened: OpenedCheckpoint, _ plan: TrainingPlan, _ parameters: ParameterSet, _ layout: GroupLayout,
    group: any ProcessGroup
  ) throws -> [Moments] {
    let table = parameters.itemTable
    let rows = (0..<group.size).map { layout.rows(ofRank: $0, tableRows: table.rows) }
    return try plan.optimization.momentNames.map { name in
      let dense = FloatStorage(count: parameters.denseCount)
      let ofTable = try group.together {
        try opened.checkpoint?.loadOptimizerState(name, of: parameters, dense: dense)
      }
      try group.broadcast(dense.elements, from: 0)
      let own = FloatStorage(count: rows[group.rank].count * table.columns)
      try handOut(ofTable, rows: rows, width: table.columns, known: opened.state.items + 1, into: own, group: group)
      return Moments(table: own, dense: dense)
    }
  }

  /// Gives each rank its rows of a table that rank 0 has; collective. Groups side by side hold the same rows: what rank 0
  /// hands out overlaps.
  /// - Parameters:
  ///   - whole: on rank 0, the first `known` rows.
  ///   - rows: of each rank. Those that are not known stay as they are.
  private static func handOut(
    _ whole: MappedArray<Float>?, rows: [Range<Int>], width: Int, known: Int, into own: FloatStorage,
    group: any ProcessGroup
  ) throws(MPIError) {
    func elements(_ rank: Int) -> Range<Int> {
      rows[rank].lowerBound * width..<max(rows[rank].lowerBound, min(rows[rank].upperBound, known)) * width
    }
    let mine = UnsafeMutableBufferPointer(rebasing: own.elements[..<elements(group.rank).count])
    guard group.rank == 0 else { return try group.exchange([.receive(into: mine, from: 0)]) }
    try whole.withElements { (whole) throws(MPIError) in
      _ = mine.update(fromContentsOf: whole[elements(0)])
      try group.exchange(
        (1..<group.size).map { .send(UnsafeBufferPointer(rebasing: whole[elements($0)]), to: $0) })
    }
  }
}

extension GroupLayout {
  /// The rows of the item table that a rank updates in its group; none where it is in no group.
  fileprivate func rows(ofRank rank: Int, tableRows: Int) -> Range<Int> {
    guard let ranks = groups.first(where: { $0.ranks.contains(rank) })?.ranks else { return 0..<0 }
    return CatalogueLayout(rows: tableRows).rows(of: rank - ranks.lowerBound, size: ranks.count)
  }
}

extension OptimizationPlan {
  /// Under which names the optimizer's moments are in checkpoints.
  package var momentNames: [String] { Optimizer(optimizerOptions, count: 0).state.map(\.name) }
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
  /// - Parameters:
  ///   - known: items that have their values; their number also scales the others' (`Initialiser`).
  ///   - held: the rows that this rank holds; others are left out.
  func initialiseItems(behind known: Int, of items: ItemCatalog, seed: UInt64, in held: TableSlice) {
    for row in held.range.clamped(to: known + 1..<items.count + 1) {
      let random = RandomStream(seed: seed, purpose: .newItems, index: Self.key(of: items.id(of: Int32(row))))
      initialiser.fill(row: held.rows(row..<row + 1).elements, ofRows: known + 1, with: random)
    }
  }

  /// The first 64 bits of the id's SHA-256.
  private static func key(of id: String) -> UInt64 {
    UInt64(Checksum.sha256(of: Data(id.utf8)).prefix(16), radix: 16)!
  }
}
