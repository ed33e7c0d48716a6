import Foundation
import Models
import Storage
import Tensors

/// A value of a graph, by its name.
struct GraphValue {
  let name: String
}

/// An attribute of a node.
enum GraphAttribute {
  case number(Float)
  case integer(Int)
  case integers([Int])
  case text(String)
}

/// Collects the nodes and constants of an ONNX graph, in the order in which they compute.
///
/// Only operators of opset 17 are meant to be used. Weights keep their names of the checkpoint.
final class GraphBuilder {
  private var graph = ProtobufMessage()
  private let parameters: [String: Parameter]
  /// Names of weights that are in the graph already.
  private var known: Set<String> = []
  private var values = 0

  init(_ parameters: ParameterSet) {
    self.parameters = Dictionary(uniqueKeysWithValues: parameters.all.map { ($0.name, $0) })
  }

  // MARK: Nodes

  /// Adds a node with one output.
  func node(
    _ operation: String, _ inputs: [GraphValue], _ attributes: [(name: String, value: GraphAttribute)] = []
  ) -> GraphValue {
    nodes(operation, inputs, attributes, outputs: 1)[0]
  }

  /// Adds a node with several outputs.
  func nodes(
    _ operation: String, _ inputs: [GraphValue], _ attributes: [(name: String, value: GraphAttribute)] = [],
    outputs: Int
  ) -> [GraphValue] {
    let outputs = (0..<outputs).map { _ in fresh(operation) }
    var node = ProtobufMessage()
    for input in inputs { node.add(1, input.name) }
    for output in outputs { node.add(2, output.name) }
    node.add(3, outputs[0].name)
    node.add(4, operation)
    for (name, value) in attributes { node.add(5, Self.message(name, value)) }
    graph.add(1, node)
    return outputs
  }

  /// A name that no other value has.
  private func fresh(_ operation: String) -> GraphValue {
    values += 1
    return GraphValue(name: "\(operation)_\(values)")
  }

  /// AttributeProto.
  private static func message(_ name: String, _ value: GraphAttribute) -> ProtobufMessage {
    var attribute = ProtobufMessage()
    attribute.add(1, name)
    switch value {
    case .number(let number):
      attribute.add(2, number)
      attribute.add(20, 1)
    case .integer(let integer):
      attribute.add(3, integer)
      attribute.add(20, 2)
    case .text(let text):
      attribute.add(4, text)
      attribute.add(20, 3)
    case .integers(let integers):
      for integer in integers { attribute.add(8, integer) }
      attribute.add(20, 7)
    }
    return attribute
  }

  // MARK: Constants

  /// Whole numbers, a scalar where no shape is given.
  func constant(_ integers: [Int], shape: [Int] = []) -> GraphValue {
    let value = fresh("Constant")
    let data = integers.reduce(into: Data()) { $0.append(littleEndian: Int64($1)) }
    graph.add(5, Self.tensor(value.name, type: ElementType.int64, shape: shape, data))
    return value
  }

  /// A number.
  func constant(_ number: Float) -> GraphValue {
    let value = fresh("Constant")
    let data = Data(littleEndian: number)
    graph.add(5, Self.tensor(value.name, type: ElementType.float, shape: [], data))
    return value
  }

  /// A weight as the checkpoint has it.
  func weight(_ name: String) -> GraphValue {
    let parameter = parameter(name)
    return initialiser(name, shape: parameter.shape) { Data(buffer: UnsafeBufferPointer(parameter.value.elements)) }
  }

  /// A weight `[outputs, inputs]` as a product takes it: `[inputs, outputs]`.
  /// - Parameter rows: of the weight that are taken; nil for all.
  func transposed(_ name: String, rows: Range<Int>? = nil) -> GraphValue {
    let parameter = parameter(name), rows = rows ?? 0..<parameter.rows
    let label = "\(name)\(rows.count == parameter.rows ? "" : ".\(rows.lowerBound)").transposed"
    return initialiser(label, shape: [parameter.columns, rows.count]) {
      let elements = parameter.value.elements
      return (0..<parameter.columns).reduce(into: Data()) { data, column in
        for row in rows { data.append(littleEndian: elements[row * parameter.columns + column].bitPattern) }
      }
    }
  }

  /// Some elements of a vector.
  func part(of name: String, _ places: Range<Int>) -> GraphValue {
    let parameter = parameter(name)
    return initialiser("\(name).\(places.lowerBound)", shape: [places.count]) {
      Data(buffer: UnsafeBufferPointer(rebasing: parameter.value.elements[places]))
    }
  }

  /// A weight of a recurrent layer, `[1, 3H, columns]`: its three blocks of rows in another order.
  func blocks(of name: String, order: [Int]) -> GraphValue {
    let parameter = parameter(name), size = parameter.count / order.count
    return initialiser("\(name).blocks", shape: [1] + parameter.shape) {
      order.reduce(into: Data()) { data, block in
        data.append(
          Data(buffer: UnsafeBufferPointer(rebasing: parameter.value.elements[block * size..<(block + 1) * size])))
      }
    }
  }

  private func initialiser(_ name: String, shape: [Int], _ data: () -> Data) -> GraphValue {
    if known.insert(name).inserted {
      graph.add(5, Self.tensor(name, type: ElementType.float, shape: shape, data()))
    }
    return GraphValue(name: name)
  }

  func parameter(_ name: String) -> Parameter {
    guard let parameter = parameters[name] else { preconditionFailure("the model has no weight \(name)") }
    return parameter
  }

  /// TensorProto.
  private static func tensor(_ name: String, type: Int, shape: [Int], _ data: Data) -> ProtobufMessage {
    var tensor = ProtobufMessage()
    for side in shape { tensor.add(1, side) }
    tensor.add(2, type)
    tensor.add(8, name)
    tensor.add(9, data)
    return tensor
  }

  // MARK: The whole

  /// Element types, by their numbers in TensorProto.
  enum ElementType {
    static let float = 1
    static let int32 = 6
    static let int64 = 7
  }

  /// Declares an input of whole numbers.
  /// - Parameter sides: the names of its dimensions.
  func input(_ name: String, sides: [String]) -> GraphValue {
    graph.add(11, Self.declaration(name, type: ElementType.int64, sides.map { .named($0) }))
    return GraphValue(name: name)
  }

  /// The model, whose output is `[B, D]` under the name `session`.
  /// - Parameters:
  ///   - width: D.
  ///   - metadata: what the file says of itself.
  func finish(_ output: GraphValue, width: Int, name: String, metadata: [(key: String, value: String)]) -> Data {
    var last = ProtobufMessage()
    last.add(1, output.name)
    last.add(2, "session")
    last.add(3, "session")
    last.add(4, "Identity")
    graph.add(1, last)
    graph.add(2, name)
    graph.add(12, Self.declaration("session", type: ElementType.float, [.named("sessions"), .fixed(width)]))
    var model = ProtobufMessage()
    model.add(1, 8)  // the version of the format that goes with opset 17
    model.add(2, "caravan")
    model.add(7, graph)
    var operators = ProtobufMessage()
    operators.add(1, "")
    operators.add(2, 17)
    model.add(8, operators)
    for (key, value) in metadata {
      var entry = ProtobufMessage()
      entry.add(1, key)
      entry.add(2, value)
      model.add(14, entry)
    }
    return model.bytes
  }

  private enum Side {
    case named(String)
    case fixed(Int)
  }

  /// ValueInfoProto.
  private static func declaration(_ name: String, type: Int, _ sides: [Side]) -> ProtobufMessage {
    var shape = ProtobufMessage()
    for side in sides {
      var dimension = ProtobufMessage()
      switch side {
      case .named(let name): dimension.add(2, name)
      case .fixed(let size): dimension.add(1, size)
      }
      shape.add(1, dimension)
    }
    var tensor = ProtobufMessage()
    tensor.add(1, type)
    tensor.add(2, shape)
    var declared = ProtobufMessage()
    declared.add(1, tensor)
    var value = ProtobufMessage()
    value.add(1, name)
    value.add(2, declared)
    return value
  }
}

extension Data {
  fileprivate init(littleEndian number: Float) {
    self.init()
    append(littleEndian: number.bitPattern)
  }
}
