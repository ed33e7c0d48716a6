/// A weight of a model, named as in RecBole's state_dict.
public final class Parameter {
  /// The name in checkpoints: `gru_layers.weight_ih_l0`.
  public let name: String
  /// The sizes in checkpoints: `[rows, columns]`, or `[columns]` for a vector.
  public let shape: [Int]
  /// How the weight starts.
  public let initialiser: Initialiser
  /// The weight as a matrix; a vector is one row.
  public fileprivate(set) var value: Tensor
  /// Where the weight lies in the flat vector of dense parameters; nil for the item table.
  package fileprivate(set) var offset: Int?

  fileprivate init(name: String, shape: [Int], initialiser: Initialiser, offset: Int?) {
    self.name = name
    self.shape = shape
    self.initialiser = initialiser
    self.offset = offset
    value = FloatStorage(count: 0).tensor(rows: 0, columns: 0)
  }

  package var rows: Int { shape.count == 1 ? 1 : shape[0] }
  package var columns: Int { shape[shape.count - 1] }
  package var count: Int { rows * columns }
}

/// The weights of one model.
///
/// The item table holds more than nine tenths of all weights and is exchanged row by row; the others, called
/// dense, lie side by side in one vector, so that gradients, moments and messages are plain vectors too.
public final class ParameterSet {
  /// `[items + 1, D]`; row 0 is padding: zero, never a candidate, never trained.
  public let itemTable: Parameter
  /// All other weights, in the order of the checkpoint.
  public let dense: [Parameter]
  package let tableStorage: FloatStorage
  package let denseStorage: FloatStorage

  fileprivate init(itemTable: Parameter, dense: [Parameter]) {
    self.itemTable = itemTable
    self.dense = dense
    tableStorage = FloatStorage(count: itemTable.count)
    denseStorage = FloatStorage(count: dense.reduce(0) { $0 + $1.count })
    itemTable.value = tableStorage.tensor(rows: itemTable.rows, columns: itemTable.columns)
    for parameter in dense {
      parameter.value = denseStorage.tensor(
        at: parameter.offset!, rows: parameter.rows, columns: parameter.columns)
    }
  }

  /// The item table first, then the dense weights.
  public var all: [Parameter] { [itemTable] + dense }

  /// Gives every weight its first value. The numbers depend on the seed and on each weight's place alone.
  public func initialise(seed: UInt64) {
    for (index, parameter) in all.enumerated() {
      parameter.initialiser.fill(parameter.value, seed: seed, parameter: index)
    }
    itemTable.value.rows(0..<1).elements.update(repeating: 0)
  }
}

/// Collects the weights that a model declares, in the order of the checkpoint.
public struct ParameterBuilder {
  private var itemTable: Parameter?
  private var dense: [Parameter] = []
  private var denseCount = 0

  public init() {}

  /// Declares the item table, `[items + 1, width]`.
  public mutating func itemTable(_ name: String, items: Int, width: Int, _ initialiser: Initialiser) -> Parameter {
    precondition(itemTable == nil, "a model has one item table")
    let table = Parameter(name: name, shape: [items + 1, width], initialiser: initialiser, offset: nil)
    itemTable = table
    return table
  }

  /// Declares a dense weight of one or two dimensions.
  public mutating func add(_ name: String, _ shape: [Int], _ initialiser: Initialiser) -> Parameter {
    precondition((1...2).contains(shape.count), "\(name) has the shape \(shape)")
    let parameter = Parameter(name: name, shape: shape, initialiser: initialiser, offset: denseCount)
    dense.append(parameter)
    denseCount += parameter.count
    return parameter
  }

  /// Allocates the weights, all zero.
  public consuming func build() -> ParameterSet {
    precondition(itemTable != nil, "a model needs an item table")
    return ParameterSet(itemTable: itemTable!, dense: dense)
  }
}
