import Foundation
import Randomness
import Tensors
import TestSupport
import Testing

/// The fused head against the formulas written out in Float64.
@Suite struct CatalogueHeadTests {
  /// - Parameters:
  ///   - items: more than one tile, and no multiple of it.
  ///   - lanes: sessions of each lane; some empty.
  @Test(arguments: [
    (items: 37, width: 5, lanes: [3]), (items: 512, width: 16, lanes: [4, 4]),
    (items: 1300, width: 12, lanes: [17, 18, 17, 18, 0, 1, 2, 3]),
  ])
  func agreesWithTheFormulas(items: Int, width: Int, lanes: [Int]) throws {
    let arena = Arena()
    var random = RandomStream(seed: 5, purpose: .initialisation)
    func matrix(_ rows: Int) -> Tensor {
      let tensor = arena.zeros(rows: rows, columns: width)
      for index in tensor.elements.indices { tensor.elements[index] = Float(random.normal()) }
      return tensor
    }
    let table = matrix(items + 1)
    let scale = 1 / Float(lanes.reduce(0, +))
    let parts = lanes.map { count in
      (vectors: matrix(count), targets: (0..<count).map { _ in Int32(random.below(UInt64(items))) + 1 })
    }
    let trial = try HeadTrial(table: table, parts)
    var sessionGradients = trial.sessions[...]

    var expectedTable = [Double](repeating: 0, count: (items + 1) * width)
    var expectedLoss = 0.0
    for part in parts {
      for (session, target) in part.targets.enumerated() {
        let vector = part.vectors.array[session * width..<(session + 1) * width].map(Double.init)
        let logits = (1...items).map { item in
          (0..<width).reduce(0) { $0 + Double(table.elements[item * width + $1]) * vector[$1] }
        }
        let normaliser = log(logits.reduce(0) { $0 + exp($1) })
        expectedLoss += normaliser - logits[Int(target) - 1]
        var expected = [Double](repeating: 0, count: width)
        for item in 1...items {
          let weight = (exp(logits[item - 1] - normaliser) - (item == Int(target) ? 1 : 0)) * Double(scale)
          for column in 0..<width {
            expected[column] += weight * Double(table.elements[item * width + column])
            expectedTable[item * width + column] += weight * vector[column]
          }
        }
        // Float32 sums of a thousand terms of size 1/1000.
        for expected in expected { #expect(abs(Double(sessionGradients.removeFirst()) - expected) < 2e-6) }
      }
    }
    #expect(abs(trial.loss - expectedLoss) < 1e-5 * expectedLoss)
    for (found, expected) in zip(trial.table, expectedTable) {
      #expect(abs(Double(found) - expected) < 2e-6)
    }
    #expect(trial.table[..<width].allSatisfy { $0 == 0 }, "the padding row has no gradient")
  }

  /// Lanes of one block are multiplied as one lane would be, and told apart again.
  @Test func blocksAreMadeOfLanes() throws {
    let arena = Arena()
    var random = RandomStream(seed: 6, purpose: .initialisation)
    func matrix(_ rows: Int) -> Tensor {
      let tensor = arena.zeros(rows: rows, columns: 8)
      for index in tensor.elements.indices { tensor.elements[index] = Float(random.normal()) }
      return tensor
    }
    let table = matrix(600), vectors = matrix(27), targets = (0..<27).map { Int32($0 * 19 + 1) }
    let bounds = [0, 7, 7, 20, 27]
    let lanes = (0..<4).map { lane in
      let own = bounds[lane]..<bounds[lane + 1]
      return (vectors: vectors.rows(own), targets: Array(targets[own]))
    }
    let whole = try HeadTrial(table: table, [(vectors, targets)])
    let cut = try HeadTrial(table: table, lanes, blocks: 1)
    #expect(cut.sessions == whole.sessions && cut.table == whole.table)
    #expect(abs(cut.loss - whole.loss) < 1e-9)
    let halves = try HeadTrial(table: table, lanes, blocks: 2)
    #expect(halves.table != whole.table, "blocks decide the bits")
  }

  /// References are moved when a stripe's later tiles have far larger logits than its first; the smaller ones then
  /// count for nothing, but for those of sessions with a small vector.
  @Test(arguments: [Precision.float32, .bfloat16])
  func referencesAreMoved(precision: Precision) throws {
    guard precision.isSupported else { return }
    let arena = Arena(), items = 64 * 512 * 3, width = 4
    let table = arena.zeros(rows: items + 1, columns: width)
    // Logits rise by 100 from tile to tile of a stripe, and one item is above all.
    for row in 1...items {
      table.elements[row * width] = Float((row - 1) / 512 % 3)
      table.elements[row * width + 1] = row == 90_000 ? 1 : 0
    }
    let vectors = arena.zeros(rows: 2, columns: width)
    _ = vectors.elements.update(fromContentsOf: [100, 300, 0, 0, 0, 0, 0, 1])
    let trial = try HeadTrial(table: table, [(vectors, [90_000, 1])], precision: precision)
    // Of session 0 the target has all of the probability; of session 1 all items are alike.
    // Exponentials that are rounded to 8 bits anyway are right to 7.5e-5.
    #expect(abs(trial.loss - log(Double(items))) < (precision == .float32 ? 1e-5 : 3e-4))
    // A float near 600 tells its exponential to four digits.
    #expect(trial.sessions[..<4].allSatisfy { abs($0) < 1e-4 })
    // The mean of the rows, less the target's row, halved: 1, 1 / items.
    let expected: [Float] = [0.5, 0.5 / Float(items), 0, 0]
    for (found, expected) in zip(trial.sessions[4...], expected) { #expect(abs(found - expected) < 2e-3) }
    #expect(trial.table.allSatisfy { $0.isFinite })
  }

  /// The stripes are the same however many threads share them, more than there are of them, too: so are the bits.
  @Test(arguments: [2, 3, 16, 150], [Precision.float32, .bfloat16])
  func threadsChangeNoBit(threads: Int, precision: Precision) throws {
    guard precision.isSupported else { return }
    let alone = try outcome(precision: precision, threads: 1)
    let shared = try outcome(precision: precision, threads: threads)
    #expect(shared == alone)
  }

  /// Products of numbers with 8 bits: a few thousandths off, but not the same.
  @Test func bfloat16IsClose() throws {
    guard Precision.bfloat16.isSupported else { return }
    let exact = try outcome(precision: .float32, threads: 1), rounded = try outcome(precision: .bfloat16, threads: 1)
    #expect(exact != rounded)
    #expect(abs(rounded.loss - exact.loss) <= 2e-3 * exact.loss)
    for (found, expected) in [(rounded.sessions, exact.sessions), (rounded.table, exact.table)] {
      let error = zip(found, expected).reduce(0) { $0 + pow(Double($1.0 - $1.1), 2) }
      let size = expected.reduce(0) { $0 + pow(Double($1), 2) }
      #expect((error / size).squareRoot() < 0.01)
    }
  }

  /// What the head makes of four lanes and 70,000 items, which are more tiles than stripes.
  private func outcome(precision: Precision, threads: Int) throws -> HeadTrial {
    let arena = Arena(), items = 70_000, width = 13
    var random = RandomStream(seed: 8, purpose: .initialisation)
    func matrix(_ rows: Int) -> Tensor {
      let tensor = arena.zeros(rows: rows, columns: width)
      for index in tensor.elements.indices { tensor.elements[index] = Float(random.normal()) }
      return tensor
    }
    let table = matrix(items + 1)
    let lanes = [20, 3, 0, 31].map { count in
      (vectors: matrix(count), targets: (0..<count).map { Int32(($0 * 2741) % items + 1) })
    }
    return try HeadTrial(table: table, lanes, precision: precision, threads: threads)
  }
}
