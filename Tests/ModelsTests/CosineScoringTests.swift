import Foundation
import Models
import Randomness
import Tensors
import TestSupport
import Testing

/// Scores by cosine, in the head and for evaluation, against the formulas written out in Float64.
@Suite struct CosineScoringTests {
  private static let temperature: Float = 0.2
  /// Gradients are those of the mean loss, the formulas here those of the sum.
  private static let sessions = 6.0
  private let arena = Arena()

  private func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Tensor {
    var random = RandomStream(seed: seed, purpose: .initialisation)
    let tensor = arena.zeros(rows: rows, columns: columns)
    for index in tensor.elements.indices { tensor.elements[index] = Float(random.normal()) }
    return tensor
  }

  /// The losses' sum over all sessions, in Float64.
  /// - Parameter kept: what dropout multiplies each element of the table by.
  private func loss(_ table: [Double], kept: [Double], sessions: [[Double]], targets: [Int]) -> Double {
    let width = sessions[0].count
    let rows = stride(from: width, to: table.count, by: width).map { first in
      let row = (first..<first + width).map { table[$0] * kept[$0] }
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { $0 / max(length, 1e-12) / Double(Self.temperature) }
    }
    return zip(sessions, targets).reduce(0) { sum, session in
      let logits = rows.map { zip($0, session.0).reduce(0) { $0 + $1.0 * $1.1 } }
      return sum + log(logits.reduce(0) { $0 + exp($1) }) - logits[session.1 - 1]
    }
  }

  @Test(arguments: [Float(0), 0.3])
  func headAgreesWithTheFormulas(itemDropout: Float) throws {
    // More than one tile, and four lanes of which one is empty.
    let items = 700, width = 10, key = DropoutKey(seed: 4, step: 9)
    let table = matrix(items + 1, width, seed: 1)
    table.rows(0..<1).elements.update(repeating: 0)
    let lanes = [3, 0, 2, 1].enumerated().map { lane, count in
      (
        vectors: matrix(count, width, seed: 10 + UInt64(lane)),
        targets: (0..<count).map { Int32(1 + 97 * lane + 211 * $0) }
      )
    }
    let trial = try HeadTrial(
      table: table, lanes, scoring: .cosine(temperature: Self.temperature, itemDropout: itemDropout), key: key)

    let kept = mask(of: table, dropout: itemDropout, key: key)
    let sessions = lanes.flatMap { lane in
      (0..<lane.targets.count).map { lane.vectors.rows($0..<$0 + 1).array.map(Double.init) }
    }
    let targets = lanes.flatMap { $0.targets.map(Int.init) }
    var elements = table.array.map(Double.init)
    let expected = loss(elements, kept: kept, sessions: sessions, targets: targets)
    #expect(abs(trial.loss / expected - 1) < 1e-5)

    // Float64 differences of some elements: targets' rows, tiles' edges, others. Their step of 1e-5 leaves an
    // error near 1e-9; the head's is float32's.
    let rows = Set(targets + [1, 511, 512, 513, items, 300])
    for index in rows.sorted().flatMap({ row in (0..<width).map { row * width + $0 } }) {
      let start = elements[index]
      func value(_ step: Double) -> Double {
        elements[index] = start + step
        defer { elements[index] = start }
        return loss(elements, kept: kept, sessions: sessions, targets: targets)
      }
      let quotient = (value(1e-5) - value(-1e-5)) / 2e-5
      #expect(abs(Self.sessions * Double(trial.table[index]) - quotient) < 1e-5 * max(1, abs(quotient)), "\(index)")
    }
    #expect(trial.table[..<width].allSatisfy { $0 == 0 }, "the padding row has no gradient")

    var vectors = sessions
    for session in [0, 3] {
      for column in 0..<width {
        func value(_ step: Double) -> Double {
          vectors[session][column] += step
          defer { vectors[session][column] -= step }
          return loss(elements, kept: kept, sessions: vectors, targets: targets)
        }
        let quotient = (value(1e-5) - value(-1e-5)) / 2e-5
        let found = Self.sessions * Double(trial.sessions[session * width + column])
        #expect(abs(found - quotient) < 1e-5 * max(1, abs(quotient)))
      }
    }
  }

  /// What the head multiplies the table's elements by, read off a table of ones.
  private func mask(of table: Tensor, dropout: Float, key: DropoutKey) -> [Double] {
    guard dropout > 0 else { return table.array.map { _ in 1 } }
    let ones = arena.zeros(rows: table.rows, columns: table.columns)
    ones.elements.update(repeating: 1)
    let scored = arena.zeros(rows: table.rows, columns: table.columns)
    CosineRows(temperature: 1, dropout: dropout, width: table.columns)
      .score(0..<table.rows, of: TableSlice(ones), randomness: key, into: scored)
    let kept = scored.array.map { $0 == 0 ? 0 : 1 / (1 - Double(dropout)) }
    // 7,010 elements: the share's deviation is below 0.006.
    let share = Double(kept.count { $0 == 0 }) / Double(kept.count)
    #expect(abs(share - Double(dropout)) < 0.03)
    return kept
  }

  @Test func evaluationScoresCosines() {
    var options = CORE.Options()
    options.encoder = .average
    options.embeddingSize = 6
    options.temperature = 0.5
    let core = CORE(options, items: 600)
    core.parameters.initialise(seed: 1)
    let scored = core.scoredTable(in: arena), table = core.parameters.itemTable.value
    for row in [1, 511, 512, 600] {
      let from = table.rows(row..<row + 1).array, to = scored.rows(row..<row + 1).array
      let length = from.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for (found, element) in zip(to, from) { #expect(abs(found - element / length / 0.5) < 1e-6) }
    }
    #expect(scored.rows(0..<1).elements.allSatisfy { $0 == 0 })
    // A table does not keep its model alive.
    withExtendedLifetime(core) {}
    let stamp = STAMP(STAMP.Options(), items: 10)
    #expect(stamp.scoredTable(in: arena).base == stamp.parameters.itemTable.value.base)
    withExtendedLifetime(stamp) {}
  }
}
