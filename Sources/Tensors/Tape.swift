import Randomness

/// A value on the tape, and where its gradient gathers on the way back.
public final class Variable {
  /// What the operation computed.
  public let value: Tensor
  /// d(loss)/d(value), once something has contributed to it.
  public package(set) var gradient: Tensor?

  package init(_ value: Tensor, gradient: Tensor? = nil) {
    self.value = value
    self.gradient = gradient
  }

  /// Adds a contribution. The first one becomes the gradient itself: the caller must not write to it again, nor
  /// hand the same tensor to two variables.
  package func accumulate(_ contribution: Tensor) {
    if let gradient { gradient.add(contribution) } else { gradient = contribution }
  }
}

/// Rows of the item table that a model looked up, and the gradient that came back for each.
public struct TableLookup {
  /// The table row of each looked-up row.
  public let index: [Int32]
  let variable: Variable

  /// `[index.count, D]`, once the tape has run backwards; nil where nothing depended on the lookup.
  package var gradient: Tensor? { variable.gradient }
}

/// Records the operations of one lane on the way forward and replays them backwards (reverse-mode
/// differentiation, one tape a lane).
///
/// All tensors come from the arena; what is allocated beside it is one small closure an operation.
public final class Tape {
  package let arena: Arena
  /// Where random numbers for dropout are addressed; nil switches dropout off, as evaluation does.
  public let randomness: DropoutKey?
  private let parameterGradients: UnsafeMutablePointer<Float>?
  private let tableRows: TableRows?
  private var steps: [() -> Void] = []
  private var parameters: [ObjectIdentifier: Variable] = [:]
  /// What was looked up in the item table, in the order of the calls.
  public private(set) var lookups: [TableLookup] = []
  private var dropoutSites: UInt32 = 0

  /// - Parameters:
  ///   - gradients: where the gradients of the dense parameters are added, as one vector in the order of
  ///     `ParameterSet.dense`; nil records nothing, for evaluation.
  ///   - randomness: see `randomness`.
  ///   - tableRows: where rows of the item table are looked up; in the parameter itself if nil.
  package init(
    arena: Arena, gradients: UnsafeMutablePointer<Float>?, randomness: DropoutKey?, tableRows: TableRows? = nil
  ) {
    self.arena = arena
    self.randomness = randomness
    self.tableRows = tableRows
    parameterGradients = gradients
  }

  /// A tape that only computes: no gradients, no dropout.
  /// - Parameter tableRows: where rows of the item table are looked up; in the parameter itself if nil.
  package static func evaluating(in arena: Arena, tableRows: TableRows?) -> Tape {
    Tape(arena: arena, gradients: nil, randomness: nil, tableRows: tableRows)
  }

  /// The same for a model that has its whole item table.
  public static func evaluating(in arena: Arena) -> Tape { evaluating(in: arena, tableRows: nil) }

  package var isRecording: Bool { parameterGradients != nil }

  /// A dense parameter as a variable whose gradient is the lane's share of the flat gradient vector.
  package func variable(_ parameter: Parameter) -> Variable {
    if let known = parameters[ObjectIdentifier(parameter)] { return known }
    precondition(parameter.offset != nil, "\(parameter.name) is the item table: look rows up instead")
    let gradient = parameterGradients.map {
      Tensor($0 + parameter.offset!, rows: parameter.rows, columns: parameter.columns)
    }
    let variable = Variable(parameter.value, gradient: gradient)
    parameters[ObjectIdentifier(parameter)] = variable
    return variable
  }

  /// Adds a result to the tape; `backward` gets its gradient and passes it on to the operands.
  package func record(_ value: Tensor, backward: @escaping (Tensor) -> Void) -> Variable {
    let variable = Variable(value)
    if isRecording {
      steps.append { if let gradient = variable.gradient { backward(gradient) } }
    }
    return variable
  }

  /// Rows of the item table: `[index.count, D]`. Their gradient is left in `lookups`, not added to the table.
  public func lookup(_ table: Parameter, rows index: [Int32]) -> Variable {
    let variable = Variable((tableRows ?? TableRows(whole: table.value)).gathered(index, in: arena))
    if isRecording { lookups.append(TableLookup(index: index, variable: variable)) }
    return variable
  }

  /// The number that tells this use of dropout from the others of the model.
  package func nextDropoutSite() -> UInt32 {
    defer { dropoutSites += 1 }
    return dropoutSites
  }

  /// Runs the tape backwards from `output`, whose gradient is given.
  public func backward(from output: Variable, gradient: Tensor) {
    precondition(
      gradient.rows == output.value.rows && gradient.columns == output.value.columns,
      "gradient \(gradient.rows)×\(gradient.columns) for \(output.value.rows)×\(output.value.columns)")
    output.accumulate(gradient)
    for step in steps.reversed() { step() }
    steps.removeAll(keepingCapacity: true)
  }
}

/// The address of dropout's random numbers, but for session, click and element.
public struct DropoutKey: Sendable {
  let key: UInt64
  let step: UInt32

  /// - Parameter step: the training step, from 0.
  public init(seed: UInt64, step: Int) {
    key = RandomStream.key(seed: seed, purpose: .dropout)
    self.step = UInt32(step)
  }
}
