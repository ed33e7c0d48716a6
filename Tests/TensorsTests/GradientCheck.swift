import Randomness
import Tensors

/// Compares the gradients of a piece of tape with central differences, for every element of every operand.
///
/// The output is projected to one number by random weights of size 1, so that a permuted or misplaced gradient
/// shows. The difference quotient has four points, (8·(f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h: its truncation
/// error h⁴/30 · f⁗' is below 1e-6 · f⁗' at h = 1/32, so that the step can be wide; and it must be, since f is a
/// float32 with an error near 1e-6, of which the quotient makes about 1e-6 · 18 / 12h = 5e-5.
struct GradientCheck {
  /// Above the sum of both errors; a wrong formula is off by 1e-2 and more.
  static let tolerance = 1e-4
  private static let step: Float = 1 / 32

  private let inputs: [FloatStorage]
  private let inputShapes: [(rows: Int, columns: Int)]
  private let parameters: ParameterSet
  private let randomness: DropoutKey?
  private let arena = Arena()

  /// - Parameters:
  ///   - inputs: rows and columns of each variable.
  ///   - parameters: the shape of each parameter.
  init(
    inputs: [(rows: Int, columns: Int)], parameters: [[Int]] = [], randomness: DropoutKey? = nil,
    seed: UInt64 = 1
  ) {
    var random = RandomStream(seed: seed, purpose: .initialisation)
    inputShapes = inputs
    self.inputs = inputs.map { FloatStorage(count: $0.rows * $0.columns) }
    var builder = ParameterBuilder()
    _ = builder.itemTable("items", items: 1, width: 1, .zeros)
    for (number, shape) in parameters.enumerated() { _ = builder.add("p\(number)", shape, .zeros) }
    self.parameters = builder.build()
    self.randomness = randomness
    for elements in self.inputs.map(\.elements) + [self.parameters.denseStorage.elements] {
      for index in elements.indices { elements[index] = Float(random.normal()) * 0.7 }
    }
  }

  /// The largest |gradient - quotient| / max(1, |quotient|) over all operands.
  func worstError(_ formula: (Tape, [Variable], [Parameter]) -> Variable) -> Double {
    let memory = inputs + [parameters.denseStorage]
    let gradients = gradients(formula)
    var worst = 0.0
    for (operand, gradient) in zip(memory, gradients) {
      for (index, found) in gradient.enumerated() {
        let start = operand.elements[index]
        func value(_ steps: Float) -> Double {
          operand.elements[index] = start + steps * Self.step
          defer { operand.elements[index] = start }
          return projection(formula)
        }
        let quotient = (8 * (value(1) - value(-1)) - (value(2) - value(-2))) / (12 * Double(Self.step))
        worst = max(worst, abs(Double(found) - quotient) / max(1, abs(quotient)))
      }
    }
    return worst
  }

  /// The gradients of the projection: of each input, then of all parameters as one vector.
  private func gradients(_ formula: (Tape, [Variable], [Parameter]) -> Variable) -> [[Float]] {
    arena.reset()
    let dense = FloatStorage(count: parameters.denseStorage.count)
    let tape = Tape(arena: arena, gradients: dense.base, randomness: randomness)
    let variables = variables()
    let output = formula(tape, variables, parameters.dense)
    let seed = arena.uninitialised(rows: output.value.rows, columns: output.value.columns)
    for index in seed.elements.indices { seed.elements[index] = Self.weight(index) }
    tape.backward(from: output, gradient: seed)
    return variables.map { $0.gradient?.array ?? [Float](repeating: 0, count: $0.value.count) }
      + [Array(dense.elements)]
  }

  private func projection(_ formula: (Tape, [Variable], [Parameter]) -> Variable) -> Double {
    arena.reset()
    let tape = Tape(arena: arena, gradients: nil, randomness: randomness)
    let output = formula(tape, variables(), parameters.dense).value.array
    return output.enumerated().reduce(0) { $0 + Double(Self.weight($1.offset)) * Double($1.element) }
  }

  private func variables() -> [Variable] {
    zip(inputs, inputShapes).map { Variable($0.tensor(rows: $1.rows, columns: $1.columns)) }
  }

  private static func weight(_ index: Int) -> Float {
    var random = RandomStream(seed: 99, purpose: .initialisation, index: UInt64(index))
    return Float(random.normal())
  }
}
