import Models
import ONNX
import Storage
import Tensors

/// A session model's checkpoint, loaded by one process to be taken elsewhere.
public struct ModelExport {
  /// The model's name.
  public let name: String
  /// Items of the catalogue, padding not counted.
  public let items: Int
  /// D, the width of a vector.
  public var width: Int { model.parameters.itemTable.columns }
  /// The checkpoint's folder.
  public let folder: String
  private let model: any SessionModel
  private let configuration: ModelConfiguration

  /// Verifies and loads the checkpoint that `path` leads to.
  /// - Throws: `ExportError.noVectors`, or what `Checkpoint` throws.
  public init(_ path: String) throws {
    if SavedBlend.isThere(path) { throw ExportError.noVectors(model: "a blend", path: path) }
    let checkpoint = try Checkpoint(path), state = checkpoint.state
    if let counting = state.countingModel { throw ExportError.noVectors(model: counting.name, path: path) }
    folder = checkpoint.folder
    items = state.items
    configuration = try state.modelConfiguration()
    name = configuration.name
    model = configuration.makeModel(items: state.items)
    try checkpoint.loadDenseWeights(into: model.parameters)
    try checkpoint.itemTable(of: model.parameters).withUnsafeBufferPointer { rows in
      _ = model.parameters.tableStorage.elements.update(fromContentsOf: rows)
    }
  }

  /// Writes the items' vectors as they are scored, in the order of `items.txt`: the product of one with a session's
  /// vector is the session's score of the item. Padding has no row.
  public func writeItems(to file: VectorFile) throws {
    let table = TableSlice(model.parameters.itemTable.value), transform = model.scoring.rowTransform(width: width)
    try file.write("items", rows: items, columns: width) { body in
      for first in stride(from: 1, to: table.values.rows, by: Tensor.tileItems) {
        let rows = first..<min(first + Tensor.tileItems, table.values.rows)
        try body(UnsafeRawBufferPointer(transform.scored(rows, of: table, randomness: nil).elements))
      }
    }
  }

  /// Writes the encoder as ONNX: see `EncoderFile`.
  /// - Throws: `ONNXError`, `StorageError`.
  public func writeEncoder(to path: String) throws {
    try EncoderFile.write(
      model, configuration, metadata: [("model", name), ("items", "\(items)"), ("padding", "right, with 0")], to: path)
  }
}

/// What of a checkpoint there is nothing of to take elsewhere.
public enum ExportError: Error, Equatable, CustomStringConvertible {
  case noVectors(model: String, path: String)

  public var description: String {
    switch self {
    case .noVectors(let model, let path):
      "\(path) is \(model.hasPrefix("a ") ? model : "of \(model)"), which has no vectors: give a checkpoint of "
        + ModelConfiguration.names.joined(separator: ", ")
    }
  }
}
