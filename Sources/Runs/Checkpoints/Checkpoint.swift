import Catalogue
import Foundation
import Learning
import MPI
import Models
import Sessions
import Storage
import Tensors

/// A whole, verified checkpoint on disk, as rank 0 reads it.
public struct Checkpoint {
  static let modelFile = "model.safetensors"
  static let optimizerFile = "optimizer.safetensors"
  static let itemsFile = "items.txt"

  /// The checkpoint's own folder, whatever led to it.
  public let folder: String
  /// What its `state.json` says.
  public let state: CheckpointState

  /// Verifies the checkpoint that `path` leads to: see `CheckpointStore.resolve`.
  public init(_ path: String) throws {
    folder = try CheckpointStore.resolve(path)
    state = try CheckpointState(verifying: folder)
  }

  /// - Parameters:
  ///   - plan: whose options that decide what is learned must be what they were.
  ///   - others: what else decides it, by name.
  ///   - free: options that may be others all the same.
  /// - Throws: `CheckpointError.otherDataset`, or `.optionDiffers` for the first option that is not what it was.
  func requireSame<Plan: RunPlan>(
    _ plan: Plan, and others: [String: String] = [:], but free: Set<String> = [], _ dataset: PreparedDataset
  ) throws {
    func require(_ name: String, _ saved: String?, _ current: String?) throws {
      if saved == current || free.contains(name) { return }
      throw CheckpointError.optionDiffers(name: name, saved: saved, current: current, path: folder)
    }
    for (name, current) in plan.optionsToCompare(with: state.options) {
      // What the checkpoint does not know of was no option yet.
      let saved = state.options[name].map { plan.canonical($0, of: name) } ?? plan.originalText(of: name)
      try require(name, saved, current)
    }
    for (name, current) in others.sorted(by: { $0.key < $1.key }) { try require(name, state.options[name], current) }
    let known = Set(plan.table.options.map(\.name)).union(others.keys)
    for (name, saved) in state.options.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
      try require(name, saved, nil)
    }
    if state.dataset != dataset.fingerprint { throw CheckpointError.otherDataset(path: folder) }
  }

  /// Reads the weights but the item table into those of a model of the same shapes.
  /// - Throws: where the file lacks a weight or has it in another shape, the item table's too.
  func loadDenseWeights(into parameters: ParameterSet) throws {
    let file = try SafetensorsFile(path: path(Self.modelFile))
    // Shapes first: sizes that the file does not have take no memory.
    for parameter in parameters.all { _ = try weights(parameter.name, of: file, parameter) }
    for parameter in parameters.dense { try load(parameter.name, of: file, parameter, parameters.denseStorage) }
  }

  /// The rows of the item table. Of a vocabulary that was extended they are the first ones.
  func itemTable(of parameters: ParameterSet) throws -> MappedArray<Float> {
    let table = parameters.itemTable
    return try weights(table.name, of: SafetensorsFile(path: path(Self.modelFile)), table)
  }

  /// Reads what the optimizer remembers of the dense weights under a name (`exp_avg` …).
  /// - Returns: the same of the rows of the item table: see `itemTable`.
  func loadOptimizerState(
    _ name: String, of parameters: ParameterSet, dense: FloatStorage
  ) throws -> MappedArray<Float> {
    let file = try SafetensorsFile(path: path(Self.optimizerFile)), table = parameters.itemTable
    for parameter in parameters.dense { try load("\(name).\(parameter.name)", of: file, parameter, dense) }
    return try weights("\(name).\(table.name)", of: file, table)
  }

  private func load(
    _ name: String, of file: SafetensorsFile, _ parameter: Parameter, _ dense: FloatStorage
  ) throws {
    let destination = dense.tensor(at: parameter.offset!, rows: parameter.rows, columns: parameter.columns)
    try weights(name, of: file, parameter).withUnsafeBufferPointer {
      _ = destination.elements.update(fromContentsOf: $0)
    }
  }

  /// The numbers of a weight in a file, where they have its shape.
  private func weights(
    _ name: String, of file: SafetensorsFile, _ parameter: Parameter
  ) throws -> MappedArray<Float> {
    var shape = parameter.shape
    // The item table of a vocabulary that was extended begins with the checkpoint's.
    if parameter.offset == nil { shape[0] = min(shape[0], state.items + 1) }
    return try file.array(name, as: Float.self, shape: shape)
  }

  func path(_ name: String) -> String { joined(folder, name) }
}

extension Trainer {
  /// Takes over weights and optimizer state from a checkpoint that rank 0 has opened; collective.
  /// - Parameter checkpoint: on rank 0; nil on the others.
  func restore(from checkpoint: Checkpoint?, group: any ProcessGroup) throws {
    let parameters = model.parameters
    try table.load(parameters, from: checkpoint, group: group)
    for ((name, dense), (_, own)) in zip(denseOptimizer.state, tableOptimizer.state) {
      let whole = try group.together { try checkpoint?.loadOptimizerState(name, of: parameters, dense: dense) }
      try whole.withElements { (whole) throws(MPIError) in
        try group.scatter(whole, counts: table.shares, into: own.elements, from: 0)
      }
      try group.broadcast(dense.elements, from: 0)
    }
  }
}

extension ItemTable {
  /// Takes over a model's weights, this table and the dense ones, from a checkpoint that rank 0 has opened; collective.
  /// - Parameter checkpoint: on rank 0; nil on the others.
  func load(_ parameters: ParameterSet, from checkpoint: Checkpoint?, group: any ProcessGroup) throws {
    let rows = try group.together { () -> MappedArray<Float>? in
      try checkpoint?.loadDenseWeights(into: parameters)
      return try checkpoint?.itemTable(of: parameters)
    }
    try group.broadcast(parameters.denseStorage.elements, from: 0)
    try rows.withElements { (rows) throws(MPIError) in try receive(rows) }
  }
}

extension MappedArray<Float>? {
  /// The elements; none where there is no array.
  func withElements<Failure: Error>(_ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Void) throws(Failure) {
    guard let self else { return try body(UnsafeBufferPointer(start: nil, count: 0)) }
    try self.withUnsafeBufferPointer(body)
  }
}
