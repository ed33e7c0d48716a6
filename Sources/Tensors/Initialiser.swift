import Randomness

/// How a weight starts; the names and formulas of `torch.nn.init`. For a matrix `[rows, columns]` the fan-in is
/// its columns, the fan-out its rows.
public enum Initialiser: Equatable, Sendable {
  case zeros
  case ones
  /// Normal with variance 2 / (fan-in + fan-out). Glorot and Bengio, AISTATS 2010.
  case xavierNormal
  /// Uniform within ±√(6 / (fan-in + fan-out)).
  case xavierUniform
  /// Uniform within ±bound. PyTorch's `Linear` starts with 1/√fan-in, its `GRU` with 1/√hidden size.
  case uniform(bound: Double)
  /// Normal with this standard deviation.
  case normal(deviation: Double)

  /// Fills some rows of a matrix of `count` rows. Every row has random numbers of its own, so that a table can grow by
  /// rows, and each rank can make its own.
  package func fill(_ tensor: Tensor, rows: Range<Int>, of count: Int, seed: UInt64, parameter: Int) {
    precondition(tensor.rows == rows.count, "\(tensor.rows) rows for \(rows)")
    for (place, row) in rows.enumerated() {
      let random = RandomStream(
        seed: seed, purpose: .initialisation, index: UInt64(parameter) << 40 | UInt64(row))
      fill(row: tensor.rows(place..<place + 1).elements, ofRows: count, with: random)
    }
  }

  /// Fills one row of a matrix of `rows` rows.
  package func fill(row elements: UnsafeMutableBufferPointer<Float>, ofRows rows: Int, with random: RandomStream) {
    let fans = Double(rows + elements.count)
    var random = random
    switch self {
    case .zeros: elements.update(repeating: 0)
    case .ones: elements.update(repeating: 1)
    case .xavierNormal: random.fillNormal(elements, deviation: (2 / fans).squareRoot())
    case .xavierUniform: random.fillUniform(elements, bound: (6 / fans).squareRoot())
    case .uniform(let bound): random.fillUniform(elements, bound: bound)
    case .normal(let deviation): random.fillNormal(elements, deviation: deviation)
    }
  }
}

extension RandomStream {
  fileprivate mutating func fillUniform(_ elements: UnsafeMutableBufferPointer<Float>, bound: Double) {
    for index in elements.indices { elements[index] = Float((unitDouble() * 2 - 1) * bound) }
  }

  fileprivate mutating func fillNormal(_ elements: UnsafeMutableBufferPointer<Float>, deviation: Double) {
    for index in elements.indices { elements[index] = Float(normal() * deviation) }
  }
}
