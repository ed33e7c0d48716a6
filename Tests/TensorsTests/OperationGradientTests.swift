import Tensors
import Testing

/// Every operation of the tape against central differences. Widths are no multiples of a vector register, so that
/// the remainders of loops are run as well; sessions of one click are among the ragged ones.
@Suite struct OperationGradientTests {
  /// Sessions of 3, 1 and 2 clicks.
  static let offsets: [Int32] = [0, 3, 4, 6]
  /// All prefixes of sessions of 3, 1 and 2 clicks.
  static let prefixes = Segments(first: [0, 0, 0, 3, 4, 4], end: [1, 2, 3, 4, 5, 6])
  static let key = DropoutKey(seed: 3, step: 4)

  @Test func linear() {
    let check = GradientCheck(inputs: [(5, 7)], parameters: [[3, 7], [3]])
    #expect(check.worstError { $0.linear($1[0], weight: $2[0], bias: $2[1]) } < GradientCheck.tolerance)
    #expect(check.worstError { $0.linear($1[0], weight: $2[0]) } < GradientCheck.tolerance)
    let parts = check.worstError { tape, x, p in
      let first = tape.linear(x[0], weight: p[0], outputs: 0..<1)
      return tape.concatenate(first, tape.linear(x[0], weight: p[0], bias: p[1], outputs: 1..<3))
    }
    #expect(parts < GradientCheck.tolerance)
  }

  @Test func gru() {
    let check = GradientCheck(inputs: [(6, 4)], parameters: [[15, 4], [15, 5]])
    let error = check.worstError {
      $0.gru($1[0], inputWeight: $2[0], hiddenWeight: $2[1], alive: [3, 2, 1])
    }
    #expect(error < GradientCheck.tolerance)
  }

  @Test func rowsTakenTwiceAndNever() {
    let check = GradientCheck(inputs: [(4, 5)], parameters: [[4, 5]])
    #expect(check.worstError { tape, x, _ in tape.rows(of: x[0], [2, 0, 2]) } < GradientCheck.tolerance)
    #expect(check.worstError { tape, _, p in tape.embedding(p[0], rows: [2, 0, 2]) } < GradientCheck.tolerance)
  }

  @Test func dropout() {
    let check = GradientCheck(inputs: [(4, 21)], randomness: Self.key)
    let error = check.worstError { tape, x, _ in
      tape.dropout(x[0], rate: 0.4, sessions: [8, 8, 9, 3], times: [0, 1, 0, 0])
    }
    #expect(error < GradientCheck.tolerance)
  }

  @Test func sumsProductsAndColumns() {
    let check = GradientCheck(inputs: [(3, 5), (3, 5), (3, 2)])
    #expect(check.worstError { tape, x, _ in tape.add(x[0], x[1]) } < GradientCheck.tolerance)
    #expect(check.worstError { tape, x, _ in tape.multiply(x[0], x[1]) } < GradientCheck.tolerance)
    #expect(check.worstError { tape, x, _ in tape.concatenate(x[0], x[2]) } < GradientCheck.tolerance)
    // One variable as both operands gathers both gradients.
    #expect(check.worstError { tape, x, _ in tape.add(x[0], x[0]) } < GradientCheck.tolerance)
    #expect(check.worstError { tape, x, _ in tape.multiply(x[0], x[0]) } < GradientCheck.tolerance)
    #expect(check.worstError { tape, x, _ in tape.concatenate(x[0], x[0]) } < GradientCheck.tolerance)
  }

  /// All but relu, whose kink differences would straddle: it has an exact case.
  @Test(arguments: Activation.allCases.filter { $0 != .relu })
  func activation(_ function: Activation) {
    let check = GradientCheck(inputs: [(6, 19)])
    #expect(check.worstError { tape, x, _ in tape.activation(function, x[0]) } < GradientCheck.tolerance)
  }

  @Test(arguments: [Segments(offsets: offsets), prefixes])
  func segmentMean(_ segments: Segments) {
    let check = GradientCheck(inputs: [(6, 5)])
    #expect(check.worstError { tape, x, _ in tape.segmentMean(x[0], over: segments) } < GradientCheck.tolerance)
  }

  @Test(arguments: [Segments(offsets: offsets), prefixes])
  func additiveAttention(_ segments: Segments) {
    let check = GradientCheck(inputs: [(6, 5), (6, 19), (segments.count, 19)], parameters: [[1, 19]])
    let error = check.worstError {
      $0.additiveAttention(values: $1[0], keys: $1[1], queries: $1[2], weight: $2[0], over: segments)
    }
    #expect(error < GradientCheck.tolerance)
    let shared = GradientCheck(inputs: [(6, 5), (segments.count, 5)], parameters: [[1, 5]])
    let sharedError = shared.worstError {
      $0.additiveAttention(values: $1[0], keys: $1[0], queries: $1[1], weight: $2[0], over: segments)
    }
    #expect(sharedError < GradientCheck.tolerance)
  }

  @Test(arguments: [Segments(offsets: offsets), prefixes])
  func softmaxPooling(_ segments: Segments) {
    let check = GradientCheck(inputs: [(6, 5), (6, 1)])
    let error = check.worstError { tape, x, _ in
      tape.softmaxPooling(values: x[0], scores: x[1], over: segments)
    }
    #expect(error < GradientCheck.tolerance)
  }

  @Test func neighbourMean() {
    // Node 0 hears from nobody, node 1 from 0 and itself, node 2 from 1 and 0, node 3 from 2.
    let neighbours = Neighbours(offsets: [0, 0, 2, 4, 5], nodes: [0, 1, 1, 0, 2])
    let check = GradientCheck(inputs: [(4, 5)], parameters: [[5]])
    #expect(check.worstError { $0.neighbourMean($1[0], neighbours, bias: $2[0]) } < GradientCheck.tolerance)
  }

  @Test func gatedNode() {
    let check = GradientCheck(inputs: [(4, 15), (4, 15), (4, 5)])
    let error = check.worstError { tape, x, _ in
      tape.gatedNode(fromNeighbours: x[0], fromNode: x[1], before: x[2])
    }
    #expect(error < GradientCheck.tolerance)
  }

  @Test func layerNorm() {
    let check = GradientCheck(inputs: [(4, 19), (4, 19)], parameters: [[19], [19]])
    let error = check.worstError {
      $0.layerNorm($1[0], plus: $1[1], gain: $2[0], bias: $2[1], epsilon: 1e-12)
    }
    #expect(error < GradientCheck.tolerance)
    let unbiased = check.worstError {
      $0.layerNorm($1[0], plus: $1[0], gain: $2[0], bias: nil, epsilon: 0.1)
    }
    #expect(unbiased < GradientCheck.tolerance)
    let alone = check.worstError { $0.layerNorm($1[0], gain: $2[0], bias: $2[1], epsilon: 1e-5) }
    #expect(alone < GradientCheck.tolerance)
  }

  @Test(arguments: [Float(0), 0.3])
  func causalAttention(dropout: Float) {
    let check = GradientCheck(inputs: [(6, 6), (6, 6), (6, 6)], randomness: Self.key)
    let error = check.worstError { tape, x, _ in
      tape.causalAttention(
        queries: x[0], keys: x[1], values: x[2], heads: 2, offsets: Self.offsets, dropout: dropout,
        sessions: [5, 6, 7])
    }
    #expect(error < GradientCheck.tolerance)
    let itself = check.worstError { tape, x, _ in
      tape.causalAttention(
        queries: x[0], keys: x[0], values: x[0], heads: 3, offsets: Self.offsets, dropout: dropout,
        sessions: [5, 6, 7])
    }
    #expect(itself < GradientCheck.tolerance)
  }

  @Test func normalised() {
    let check = GradientCheck(inputs: [(4, 19)])
    #expect(check.worstError { tape, x, _ in tape.normalised(x[0]) } < GradientCheck.tolerance)
  }
}

extension Segments: CustomTestStringConvertible {
  public var testDescription: String { "\(count) segments" }
}
