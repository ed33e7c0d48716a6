import Foundation
import Models
import Storage

/// The encoder of a session model as an ONNX file: sessions in, one vector each out, for whatever runs ONNX.
///
/// It has two inputs, `items` int64 `[sessions, clicks]`, rows of the item table with 0 behind a session's last click, and
/// `lengths` int64 `[sessions]`, from 1 up; its output is `session`, float32 `[sessions, D]`. Opset 17, no operators of
/// anybody's own. The products of the vectors with the item table are left to whoever has the vectors.
package enum EncoderFile {
  /// What a message of Protocol Buffers may have at most.
  private static let mostBytes = Int(Int32.max)

  /// Writes the file, which appears whole or not at all.
  /// - Parameters:
  ///   - model: with its weights, of that configuration.
  ///   - metadata: what the file says of itself.
  /// - Throws: `ONNXError`, `StorageError`.
  package static func write(
    _ model: any SessionModel, _ configuration: ModelConfiguration, metadata: [(key: String, value: String)] = [],
    to path: String
  ) throws {
    let parameters = model.parameters
    // Names, nodes and what is there twice take far less than a mebibyte in a thousand.
    let bytes = parameters.all.reduce(0) { $0 + $1.count * MemoryLayout<Float>.size }
    if bytes + bytes / 1000 + 1 << 20 > mostBytes { throw ONNXError.tooLarge(bytes: bytes) }
    let graph = GraphBuilder(parameters)
    let sessions = PaddedSessions(graph, itemTable: parameters.itemTable.name)
    let vector: GraphValue
    switch configuration.options {
    case let options as GRU4Rec.Options: vector = sessions.encode(options)
    case let options as NARM.Options: vector = sessions.encode(options)
    case let options as STAMP.Options: vector = sessions.encode(options)
    case let options as SRGNN.Options: vector = sessions.encode(options)
    case let options as CORE.Options: vector = sessions.encode(options)
    case let options as SASRec.Options: vector = sessions.encode(options)
    default: throw ONNXError.noGraph(model: configuration.name)
    }
    let data = graph.finish(
      vector, width: parameters.itemTable.columns, name: configuration.name, metadata: metadata)
    let file = try AtomicFile(path: path)
    try data.withUnsafeBytes { try file.write($0) }
    try file.commit()
  }
}

/// Why there is no ONNX file of a model.
package enum ONNXError: Error, Equatable, CustomStringConvertible {
  /// A model that nobody has written as a graph.
  case noGraph(model: String)
  case tooLarge(bytes: Int)

  package var description: String {
    switch self {
    case .noGraph(let model): "\(model) cannot be written as ONNX: use `caravan embed` for its session vectors"
    case .tooLarge(let bytes):
      "the model has \(bytes) bytes of weights, an ONNX file holds 2 GiB: use `caravan embed` for its session vectors"
    }
  }
}
