import Foundation
import Randomness
import Tensors
import Testing
import Training

/// The fused head against the formulas written out in Float64.
@Suite struct CatalogueHeadTests {
  /// - Parameters:
  ///   - items: more than one tile, and no multiple of it.
  ///   - lanes: sessions of each lane; some empty.
  @Test(arguments: [
    (items: 37, width: 5, lanes: [3]), (items: 512, width: 16, lanes: [4, 4]),
    (items: 1300, width: 12, lanes: [17, 18, 17, 18, 0, 1, 2, 3]),
  ])
  func agreesWithTheFormulas(items: Int, width: Int, lanes: [Int]) {
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
      CatalogueHead.Lane(
        sessions: matrix(count), targets: (0..<count).map { _ in Int32(random.below(UInt64(items))) + 1 },
        gradient: arena.zeros(rows: count, columns: width))
    }
    let tableGradient = arena.zeros(rows: items + 1, columns: width)
    let losses = CatalogueHead(table: table).lossesAndGradients(
      parts, subtrees: [0..<lanes.count], scale: scale, tableGradients: [tableGradient])

    var expectedTable = [Double](repeating: 0, count: (items + 1) * width)
    for (lane, part) in parts.enumerated() {
      var expectedLoss = 0.0
      for (session, target) in part.targets.enumerated() {
        let vector = part.sessions.array[session * width..<(session + 1) * width].map(Double.init)
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
        for column in 0..<width {
          // Float32 sums of a thousand terms of size 1/1000.
          #expect(abs(Double(part.gradient.elements[session * width + column]) - expected[column]) < 2e-6)
        }
      }
      #expect(abs(losses[lane] - expectedLoss) < 1e-5 * max(1, expectedLoss))
    }
    for (found, expected) in zip(tableGradient.elements, expectedTable) {
      #expect(abs(Double(found) - expected) < 2e-6)
    }
    #expect(tableGradient.elements[..<width].allSatisfy { $0 == 0 }, "the padding row has no gradient")
  }

  /// What one rank adds up over four lanes is what two ranks add up over two each, bit by bit.
  @Test func lanesAreAddedInTheTree() {
    let arena = Arena()
    var random = RandomStream(seed: 6, purpose: .initialisation)
    func matrix(_ rows: Int) -> Tensor {
      let tensor = arena.zeros(rows: rows, columns: 8)
      for index in tensor.elements.indices { tensor.elements[index] = Float(random.normal()) }
      return tensor
    }
    let table = matrix(600)
    let lanes = (0..<4).map { lane in
      CatalogueHead.Lane(
        sessions: matrix(20), targets: (0..<20).map { Int32($0 + lane * 100 + 1) },
        gradient: arena.zeros(rows: 20, columns: 8))
    }
    let head = CatalogueHead(table: table)
    func gradients(_ some: ArraySlice<CatalogueHead.Lane>, _ subtrees: [Range<Int>]) -> [Tensor] {
      let gradients = subtrees.map { _ in arena.zeros(rows: 600, columns: 8) }
      _ = head.lossesAndGradients(Array(some), subtrees: subtrees, scale: 0.01, tableGradients: gradients)
      return gradients
    }
    let whole = gradients(lanes[...], [0..<4])[0]
    let left = gradients(lanes[..<2], [0..<2])[0], right = gradients(lanes[2...], [0..<2])[0]
    left.add(right)
    #expect(left.array == whole.array)
    let apart = gradients(lanes[1..<4], [0..<1, 1..<3])
    let first = gradients(lanes[..<1], [0..<1])[0]
    first.add(apart[0])
    first.add(apart[1])
    #expect(first.array == whole.array)
  }

  /// The stripes are the same however many threads share them, so the bits are, too.
  @Test(arguments: [2, 3, 16], [Precision.float32, .bfloat16])
  func threadsChangeNoBit(threads: Int, precision: Precision) {
    guard precision.isSupported else { return }
    let alone = Outcome(precision: precision, threads: 1), shared = Outcome(precision: precision, threads: threads)
    #expect(shared == alone)
  }

  /// Products of numbers with 8 bits: a few thousandths off, but not the same.
  @Test func bfloat16IsClose() {
    guard Precision.bfloat16.isSupported else { return }
    let exact = Outcome(precision: .float32, threads: 1), rounded = Outcome(precision: .bfloat16, threads: 1)
    #expect(exact != rounded)
    for (loss, expected) in zip(rounded.losses, exact.losses) { #expect(abs(loss - expected) <= 2e-3 * expected) }
    for (found, expected) in [(rounded.sessions, exact.sessions), (rounded.table, exact.table)] {
      let error = zip(found, expected).reduce(0) { $0 + pow(Double($1.0 - $1.1), 2) }
      let size = expected.reduce(0) { $0 + pow(Double($1), 2) }
      #expect((error / size).squareRoot() < 0.01)
    }
  }

  /// What the head makes of four lanes and 9,000 items, which are more tiles than stripes.
  private struct Outcome: Equatable {
    var losses: [Double]
    var sessions: [Float]
    var table: [Float]

    init(precision: Precision, threads: Int) {
      let arena = Arena(), items = 9000, width = 13
      var random = RandomStream(seed: 8, purpose: .initialisation)
      func matrix(_ rows: Int) -> Tensor {
        let tensor = arena.zeros(rows: rows, columns: width)
        for index in tensor.elements.indices { tensor.elements[index] = Float(random.normal()) }
        return tensor
      }
      let table = matrix(items + 1)
      let lanes = [20, 3, 0, 31].map { count in
        CatalogueHead.Lane(
          sessions: matrix(count), targets: (0..<count).map { Int32(($0 * 2741) % items + 1) },
          gradient: arena.zeros(rows: count, columns: width))
      }
      let gradient = arena.zeros(rows: items + 1, columns: width)
      let head = CatalogueHead(table: table, precision: precision, team: ThreadTeam(count: threads))
      losses = head.lossesAndGradients(lanes, subtrees: [0..<4], scale: 0.02, tableGradients: [gradient])
      sessions = lanes.flatMap(\.gradient.array)
      self.table = gradient.array
    }
  }
}
