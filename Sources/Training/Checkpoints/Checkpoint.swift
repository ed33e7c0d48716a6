import Foundation
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

  public let folder: String
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
  /// - Throws: `TrainingError.otherDataset`, or `.optionDiffers` for the first option that is not what it was.
  func requireSame<Plan: RunPlan>(
    _ plan: Plan, and others: [String: String] = [:], but free: Set<String> = [], _ dataset: PreparedDataset
  ) throws {
    func require(_ name: String, _ saved: String?, _ current: String?) throws {
      if saved == current || free.contains(name) { return }
      throw TrainingError.optionDiffers(name: name, saved: saved, current: current, path: folder)
    }
    for (name, current) in plan.optionsToCompare(with: state.options) {
      // An option that the checkpoint does not know of was not there yet, which is its default.
      let saved = state.options[name].map { plan.canonical($0, of: name) } ?? plan.defaultText(of: name)
      try require(name, saved, current)
    }
    for (name, current) in others.sorted(by: { $0.key < $1.key }) { try require(name, state.options[name], current) }
    let known = Set(plan.table.options.map(\.name)).union(others.keys)
    for (name, saved) in state.options.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
      try require(name, saved, nil)
    }
    if state.dataset != dataset.fingerprint { throw TrainingError.otherDataset(path: folder) }
  }

  /// Reads the weights into those of a model of the same shapes, whose item table may have more rows: those keep
  /// what they have.
  func loadWeights(into parameters: ParameterSet) throws {
    let file = try SafetensorsFile(path: path(Self.modelFile))
    // Shapes first: sizes that the file does not have take no memory.
    for parameter in parameters.all { _ = try weights(parameter.name, of: file, parameter) }
    for parameter in parameters.all { try load(parameter.name, of: file, parameter, parameter.value) }
  }

  /// Reads the weights of a model but those of its item table.
  /// - Returns: the item table, `[items + 1, D]`, where it lies in the file.
  func loadDenseWeights(into parameters: ParameterSet) throws -> MappedArray<Float> {
    let file = try SafetensorsFile(path: path(Self.modelFile))
    let table = try file.array(parameters.itemTable.name, as: Float.self, shape: parameters.itemTable.shape)
    for parameter in parameters.dense { _ = try weights(parameter.name, of: file, parameter) }
    for parameter in parameters.dense { try load(parameter.name, of: file, parameter, parameter.value) }
    return table
  }

  /// Reads what the optimizer remembers of all weights under a name (`exp_avg` …). Rows of the table behind the
  /// checkpoint's keep what they have.
  func loadOptimizerState(
    _ name: String, of parameters: ParameterSet, table: FloatStorage, dense: FloatStorage
  ) throws {
    let file = try SafetensorsFile(path: path(Self.optimizerFile))
    for parameter in parameters.all {
      let destination = (parameter.offset == nil ? table : dense).tensor(
        at: parameter.offset ?? 0, rows: parameter.value.rows, columns: parameter.value.columns)
      try load("\(name).\(parameter.name)", of: file, parameter, destination)
    }
  }

  private func load(_ name: String, of file: SafetensorsFile, _ parameter: Parameter, _ destination: Tensor) throws {
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
  /// Writes a checkpoint of all ranks' state on rank 0; collective.
  /// - Parameters:
  ///   - folder: appears whole, or not at all.
  ///   - state: without files, which are listed here.
  ///   - items: the vocabulary, which goes with the item table.
  /// - Throws: on rank 0 `StorageError`, on the others `MPIError.peerFailed`.
  func save(to folder: String, _ state: CheckpointState, items: ItemCatalog, group: any ProcessGroup) throws {
    // The ranks' shares of the table's moments travel as the file is written, one after the other, so that rank 0
    // never holds whole ones. What a failure leaves unwritten must travel all the same.
    let tables = OptimizerTables(tableOptimizer, exchange, group: group)
    let outcome = Result {
      guard group.rank == 0 else { return }
      try write(folder, state, items: items, tables)
    }
    try tables.finish()
    if case .failure(let error) = outcome { try group.agree(error) } else { try group.agree(nil) }
  }

  /// Rank 0's part.
  private func write(
    _ folder: String, _ state: CheckpointState, items: ItemCatalog, _ tables: OptimizerTables
  ) throws {
    let transaction = try FolderTransaction(at: folder, manifest: CheckpointState.fileName, overwrite: true)
    func write(_ name: String, _ tensors: [SafetensorsTensor]) throws {
      let checksum = try SafetensorsWriter.write(
        to: transaction.path(of: name), metadata: ["format": "caravan", "model": type(of: model).name],
        tensors: tensors)
      transaction.record(name, sha256: checksum)
    }
    try write(
      Checkpoint.modelFile, model.parameters.all.map { Self.tensor($0.name, $0.shape, $0.value.elements) })
    let itemTable = model.parameters.itemTable
    try write(
      Checkpoint.optimizerFile,
      denseOptimizer.state.flatMap { name, dense in
        let ofTable = SafetensorsTensor(
          name: "\(name).\(itemTable.name)", dtype: .f32, shape: itemTable.shape
        ) { try tables.stream(name, to: $0) }
        return [ofTable] + denseStateTensors(name, dense)
      })
    try items.withUnsafeLines(ofFirst: items.count) { try transaction.write($0, as: Checkpoint.itemsFile) }
    try transaction.commit { checksums in
      var state = state
      state.files = checksums
      return try state.encoded()
    }
  }

  /// Takes over weights and optimizer state from a checkpoint that rank 0 has opened; collective.
  /// - Parameter checkpoint: on rank 0; nil on the others.
  func restore(from checkpoint: Checkpoint?, group: any ProcessGroup) throws {
    let parameters = model.parameters
    try group.together { try checkpoint?.loadWeights(into: parameters) }
    try parameters.broadcast(from: 0, group: group)
    for ((name, dense), (_, table)) in zip(denseOptimizer.state, tableOptimizer.state) {
      let whole = FloatStorage(count: checkpoint == nil ? 0 : parameters.itemTable.value.count)
      try group.together {
        try checkpoint?.loadOptimizerState(name, of: parameters, table: whole, dense: dense)
      }
      let counts = exchange.shares.map { $0 * parameters.itemTable.value.columns }
      try group.scatter(UnsafeBufferPointer(whole.elements), counts: counts, into: table.elements, from: 0)
      try group.broadcast(dense.elements, from: 0)
    }
  }

  private func denseStateTensors(_ name: String, _ dense: FloatStorage) -> [SafetensorsTensor] {
    model.parameters.dense.map { parameter in
      let elements = dense.tensor(
        at: parameter.offset!, rows: parameter.value.rows, columns: parameter.value.columns
      ).elements
      return Self.tensor("\(name).\(parameter.name)", parameter.shape, elements)
    }
  }

  private static func tensor(
    _ name: String, _ shape: [Int], _ elements: UnsafeMutableBufferPointer<Float>
  ) -> SafetensorsTensor {
    SafetensorsTensor(name: name, dtype: .f32, shape: shape, bytes: UnsafeRawBufferPointer(elements))
  }
}

extension ParameterSet {
  /// Copies the weights of `root` to all ranks.
  package func broadcast(from root: Int, group: any ProcessGroup) throws(MPIError) {
    try group.broadcast(tableStorage.elements, from: root)
    try group.broadcast(denseStorage.elements, from: root)
  }
}
