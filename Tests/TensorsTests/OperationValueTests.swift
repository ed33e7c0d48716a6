import CKernels
import Foundation
import Tensors
import Testing

/// Small cases whose results are known.
@Suite final class OperationValueTests {
  private let arena = Arena()
  /// A parameter does not keep its set's memory alive.
  private var sets: [ParameterSet] = []

  private func matrix(_ rows: [[Float]]) -> Variable {
    let tensor = arena.uninitialised(rows: rows.count, columns: rows.first?.count ?? 0)
    _ = tensor.elements.update(fromContentsOf: rows.flatMap { $0 })
    return Variable(tensor)
  }

  /// Parameters with given elements.
  private func parameters(_ values: [(shape: [Int], elements: [Float])]) -> ParameterSet {
    var builder = ParameterBuilder()
    _ = builder.itemTable("items", items: 3, width: 2, .zeros)
    for (number, value) in values.enumerated() { _ = builder.add("p\(number)", value.shape, .zeros) }
    let set = builder.build()
    sets.append(set)
    _ = set.denseStorage.elements.update(fromContentsOf: values.flatMap(\.elements))
    return set
  }

  private var tape: Tape { .evaluating(in: arena) }

  @Test func lookupKeepsAGradientForEachOccurrence() {
    let set = parameters([])
    _ = set.tableStorage.elements.update(fromContentsOf: [0, 0, 1, 2, 3, 4, 5, 6])
    let gradients = FloatStorage(count: 0)
    let tape = Tape(arena: arena, gradients: gradients.base, randomness: nil)
    let found = tape.lookup(set.itemTable, rows: [3, 1, 3])
    #expect(found.value.array == [5, 6, 1, 2, 5, 6])
    tape.backward(from: tape.add(found, found), gradient: matrix([[1, 2], [3, 4], [5, 6]]).value)
    #expect(tape.lookups[0].index == [3, 1, 3])
    #expect(tape.lookups[0].gradient?.array == [2, 4, 6, 8, 10, 12])
  }

  @Test func meanOfRaggedSessions() {
    let mean = tape.segmentMean(matrix([[1, 2], [3, 6], [7, 8]]), over: Segments(offsets: [0, 2, 3]))
    #expect(mean.value.array == [2, 4, 7, 8])
  }

  /// σ(0) = 1/2: shares are half the sum of the weights, and nothing makes them add up to one.
  @Test func additiveAttentionHasNoSoftmax() {
    let set = parameters([([1, 2], [1, 3])])
    let pooled = tape.additiveAttention(
      values: matrix([[1], [10], [100]]), keys: matrix([[0, 0], [0, 1], [-2, 0]]),
      queries: matrix([[0, -1], [2, 0]]), weight: set.dense[0], over: Segments(offsets: [0, 2, 3]))
    let first = 0.5 + 3 / (1 + exp(1.0)), second = 0.5 + 3 * 0.5
    #expect(abs(Double(pooled.value.array[0]) - (first + 10 * second)) < 1e-5)
    #expect(abs(Double(pooled.value.array[1]) - 100 * 2) < 1e-4)
  }

  @Test func softmaxPoolingWeighsByExponentials() {
    let pooled = tape.softmaxPooling(
      values: matrix([[4, 0], [8, 1], [5, 6]]), scores: matrix([[Float(log(3.0)) + 200], [200], [-300]]),
      over: Segments(offsets: [0, 2, 3]))
    for (found, expected) in zip(pooled.value.array, [5, 0.25, 5, 6]) {
      // log 3 + 200 in float32 is off by 1e-5.
      #expect(abs(found - Float(expected)) < 1e-4)
    }
  }

  @Test func neighbourMeanAddsTheBiasToAll() {
    let set = parameters([([2], [100, 200])])
    let neighbours = Neighbours(offsets: [0, 0, 2, 3], nodes: [0, 2, 1])
    let mean = tape.neighbourMean(matrix([[1, 2], [3, 4], [5, 10]]), neighbours, bias: set.dense[0])
    #expect(mean.value.array == [100, 200, 103, 206, 103, 204])
  }

  /// i is 1 where its input is large, and lets the candidate in; 0 where it is small, and keeps the node.
  @Test func gatedNodeLetsInWhereTheGateIsOpen() {
    let zero: [[Float]] = [[0, 0, 0], [0, 0, 0]]
    let after = tape.gatedNode(
      fromNeighbours: matrix([[0, 80, 0.5], [0, -80, 0.5]]), fromNode: matrix(zero), before: matrix([[7], [7]]))
    #expect(abs(after.value.array[0] - Float(tanh(0.5))) < 1e-6)
    #expect(abs(after.value.array[1] - 7) < 1e-6)
  }

  @Test func layerNormOfAKnownRow() {
    let set = parameters([([4], [1, 1, 2, 1]), ([4], [0, 10, 0, 0])])
    let y = tape.layerNorm(
      matrix([[1, 1, 2, 2]]), plus: matrix([[0, 1, 1, 4]]), gain: set.dense[0], bias: set.dense[1], epsilon: 0)
    // The sum is 1, 2, 3, 6: mean 3, variance 14/4.
    let deviation = Float(3.5).squareRoot()
    for (found, expected) in zip(y.value.array, [-2 / deviation, 10 - 1 / deviation, 0, 3 / deviation]) {
      #expect(abs(found - expected) < 1e-5)
    }
    let same = tape.layerNorm(
      matrix([[1, 2, 3, 6]]), gain: set.dense[0], bias: set.dense[1], epsilon: 0)
    #expect(same.value.array == y.value.array)
  }

  @Test func someOutputsOfALayerAreItsRows() {
    let set = parameters([([3, 2], [1, 2, 3, 4, 5, 6]), ([3], [10, 20, 30])])
    let x = matrix([[1, 1], [2, 0]])
    let some = tape.linear(x, weight: set.dense[0], bias: set.dense[1], outputs: 1..<3)
    #expect(some.value.rows == 2 && some.value.array == [27, 41, 26, 40])
  }

  /// With equal keys a click sees the mean of itself and those before it, never a later one.
  @Test func attentionIsCausalAndStaysInItsSession() {
    let zeros = [[Float]](repeating: [0, 0], count: 5)
    let mixed = tape.causalAttention(
      queries: matrix(zeros), keys: matrix(zeros), values: matrix([[2, 20], [4, 40], [9, 90], [5, 1], [7, 3]]),
      heads: 2, offsets: [0, 3, 5], dropout: 0, sessions: [0, 1])
    for (found, expected) in zip(mixed.value.array, [2, 20, 3, 30, 5, 50, 5, 1, 6, 2]) {
      #expect(abs(found - Float(expected)) < 1e-4)
    }
  }

  @Test func normalisedRowsHaveLengthOne() {
    let rows = tape.normalised(matrix([[3, -4], [0, 0]])).value.array
    for (found, expected) in zip(rows, [0.6, -0.8, 0, 0]) { #expect(abs(found - Float(expected)) < 1e-6) }
  }

  @Test func activationsAgreeWithFoundation() {
    let points = (-400...400).map { Float($0) / 40 }
    let formulas: [Activation: (Double) -> Double] = [
      .tanh: { Foundation.tanh($0) }, .sigmoid: { 1 / (1 + exp(-$0)) }, .relu: { max($0, 0) },
      .swish: { $0 / (1 + exp(-$0)) }, .gelu: { $0 * 0.5 * (1 + erf($0 / 2.0.squareRoot())) },
    ]
    for (function, formula) in formulas {
      let found = tape.activation(function, matrix(points.map { [$0] })).value.array
      for (point, value) in zip(points, found) {
        // The error function is good to 2e-7, and gelu multiplies it by up to 10.
        #expect(abs(Double(value) - formula(Double(point))) < 2e-6, "\(function) of \(point)")
      }
    }
    for point: Float in [1e-6, -3e-4, 0.1, 0.499, 0.501] {
      let found = Double(tape.activation(.tanh, matrix([[point]])).value.array[0])
      #expect(abs(found / Foundation.tanh(Double(point)) - 1) < 1e-6, "tanh of \(point) in relative terms")
    }
  }

  @Test func reluPassesGradientsOfPositiveNumbers() {
    let gradients = FloatStorage(count: 0)
    let tape = Tape(arena: arena, gradients: gradients.base, randomness: nil)
    let x = matrix([[-1, 0, 2]])
    tape.backward(from: tape.activation(.relu, x), gradient: matrix([[5, 6, 7]]).value)
    #expect(x.gradient?.array == [0, 0, 7])
  }

  /// A lane without sessions runs forwards and backwards through every operation.
  @Test func noSessionIsNoTrouble() {
    let set = parameters([
      ([6, 2], .init(repeating: 1, count: 12)), ([6], .init(repeating: 1, count: 6)), ([1, 2], [1, 1]),
      ([2], [1, 1]), ([6, 2], .init(repeating: 1, count: 12)),
    ])
    let dense = FloatStorage(count: set.denseStorage.count)
    let tape = Tape(arena: arena, gradients: dense.base, randomness: DropoutKey(seed: 1, step: 0))
    let p = set.dense, none: [Int32] = [0]
    var x = tape.lookup(set.itemTable, rows: [])
    x = tape.dropout(x, rate: 0.5, sessions: [], times: [])
    x = tape.gru(x, inputWeight: p[0], hiddenWeight: p[4], alive: [])
    x = tape.layerNorm(x, plus: tape.embedding(p[0], rows: []), gain: p[3], bias: p[3], epsilon: 1e-12)
    x = tape.causalAttention(
      queries: x, keys: x, values: x, heads: 2, offsets: none, dropout: 0.5, sessions: [])
    x = tape.neighbourMean(x, Neighbours(offsets: [0], nodes: []), bias: p[3])
    let wide = tape.linear(x, weight: p[0], bias: p[1])
    x = tape.gatedNode(fromNeighbours: wide, fromNode: wide, before: x)
    x = tape.activation(.gelu, tape.rows(of: x, []))
    let segments = Segments(offsets: none)
    let mean = tape.segmentMean(x, over: segments)
    let attended = tape.additiveAttention(values: x, keys: x, queries: mean, weight: p[2], over: segments)
    let pooled = tape.softmaxPooling(values: x, scores: tape.linear(x, weight: p[2]), over: segments)
    let output = tape.normalised(tape.concatenate(tape.multiply(attended, pooled), tape.add(mean, mean)))
    #expect(output.value.rows == 0 && output.value.columns == 4)
    tape.backward(from: output, gradient: arena.uninitialised(rows: 0, columns: 4))
    #expect(dense.elements.allSatisfy { $0 == 0 })
    #expect(tape.lookups[0].gradient?.rows == 0)
  }
}
