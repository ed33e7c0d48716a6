/// A weight of a model, named as in RecBole's state_dict.
public final class Parameter {
  /// The name in checkpoints: `gru_layers.weight_ih_l0`.
  public let name: String
  /// The sizes in checkpoints: `[rows, columns]`, or `[columns]` for a vector.
  public let shape: [Int]
  /// How the weight starts.
  public let initialiser: Initialiser
  fileprivate var memory: ParameterMemory?
  /// Where the weight lies in the flat vector of dense parameters; nil for the item table.
  package fileprivate(set) var offset: Int?

  fileprivate init(name: String, shape: [Int], initialiser: Initialiser, offset: Int?) {
    self.name = name
    self.shape = shape
    self.initialiser = initialiser
    self.offset = offset
  }

  /// The weight as a matrix; a vector is one row.
  public var value: Tensor {
    guard let memory else { preconditionFailure("\(name) is used before its model is built") }
    return memory.storage.tensor(at: offset ?? 0, rows: rows, columns: columns)
  }

  /// Gives some rows of the item table their first values; `values` has those rows alone.
  package func initialise(_ values: Tensor, rows: Range<Int>, seed: UInt64) {
    precondition(offset == nil, "\(name) is not the item table")
    initialiser.fill(values, rows: rows, of: self.rows, seed: seed, parameter: 0)
    if rows.contains(0) { values.rows(0..<1).elements.update(repeating: 0) }
  }

  package var rows: Int { shape.count == 1 ? 1 : shape[0] }
  package var columns: Int { shape[shape.count - 1] }
  package var count: Int { rows * columns }
}

/// Memory of weights that is taken when it is first asked for: what only asks for shapes takes none. Whoever shares
/// weights between threads asks for them before.
private final class ParameterMemory {
  let count: Int
  private(set) lazy var storage = FloatStorage(count: count)

  init(count: Int) { self.count = count }
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
  /// How many dense weights there are.
  package var denseCount: Int { denseMemory.count }
  private let tableMemory: ParameterMemory
  private let denseMemory: ParameterMemory

  fileprivate init(itemTable: Parameter, dense: [Parameter]) {
    self.itemTable = itemTable
    self.dense = dense
    tableMemory = ParameterMemory(count: itemTable.count)
    denseMemory = ParameterMemory(count: dense.reduce(0) { $0 + $1.count })
    itemTable.memory = tableMemory
    for parameter in dense { parameter.memory = denseMemory }
  }

  package var tableStorage: FloatStorage { tableMemory.storage }
  package var denseStorage: FloatStorage { denseMemory.storage }

  /// The item table first, then the dense weights.
  public var all: [Parameter] { [itemTable] + dense }

  /// Gives every weight its first value. The numbers depend on the seed and on each weight's place alone.
  public func initialise(seed: UInt64) {
    itemTable.initialise(itemTable.value, rows: 0..<itemTable.rows, seed: seed)
    initialiseDense(seed: seed)
  }

  /// Gives every weight but the item table its first value.
  package func initialiseDense(seed: UInt64) {
    for (index, parameter) in dense.enumerated() {
      parameter.initialiser.fill(
        parameter.value, rows: 0..<parameter.rows, of: parameter.rows, seed: seed, parameter: index + 1)
    }
  }
}

/// Collects the weights that a model declares, in the order of the checkpoint.
public struct ParameterBuilder {
  private var itemTable: Parameter?
  private var dense: [Parameter] = []
  private var denseCount = 0

  /// A builder for a model that has declared nothing yet.
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

  /// The weights, all zero; they take their memory when they are first used.
  public consuming func build() -> ParameterSet {
    precondition(itemTable != nil, "a model needs an item table")
    return ParameterSet(itemTable: itemTable!, dense: dense)
  }
}
