import Foundation
import Randomness
import Sessions

/// Draws items in proportion to a power of how often they occur in training: the shared negatives of sampled
/// losses.
package struct ItemSampler {
  /// log p(item), p its share of all occurrences, `[items + 1]`.
  package let logShare: [Double]
  private let cumulative: [Double]
  /// For each of as many equal parts of the whole weight as there are rows, the first row that reaches into it: the row
  /// of a point is found in a few steps from there.
  private let firstRow: [Int32]
  private let seed: UInt64

  /// - Parameters:
  ///   - occurrences: how often each row occurs, `[items + 1]`; row 0 is never drawn.
  ///   - alpha: 0 draws all items alike, 1 in proportion.
  package init(occurrences: [Int], alpha: Double, seed: UInt64) {
    var sum = 0.0
    cumulative = occurrences.enumerated().map { row, count in
      if row > 0 { sum += Self.power(Double(count), alpha) }
      return sum
    }
    firstRow = Self.firstRows(cumulative)
    let total = Double(occurrences.dropFirst().reduce(0, +))
    logShare = occurrences.map { log(Double($0) / total) }
    self.seed = seed
  }

  /// The occurrences of items in some sessions, targets too: `[items + 1]`.
  package static func occurrences(in sessions: SessionTable, _ chosen: [Int32], items: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: items + 1)
    for session in chosen {
      for item in sessions.items(of: Int(session)) { counts[Int(item)] += 1 }
      counts[Int(sessions.targets[Int(session)])] += 1
    }
    counts[0] = 0
    return counts
  }

  /// The items of a step, the same on every rank. An item may come more than once.
  package func draw(_ count: Int, step: Int) -> [Int32] {
    var random = RandomStream(seed: seed, purpose: .samples, index: UInt64(step))
    // All points first: the searches that follow then wait for the memory side by side.
    let points = (0..<count).map { _ in random.unitDouble() * cumulative[cumulative.count - 1] }
    return cumulative.withUnsafeBufferPointer { cumulative in
      firstRow.withUnsafeBufferPointer { firstRow in
        points.map { Self.row(at: $0, cumulative, firstRow) }
      }
    }
  }

  private static func firstRows(_ cumulative: [Double]) -> [Int32] {
    let parts = cumulative.count, whole = cumulative[parts - 1]
    var row = 1
    return (0..<parts).map { part in
      while row < parts - 1 && cumulative[row] <= whole * (Double(part) / Double(parts)) { row += 1 }
      return Int32(row)
    }
  }

  /// The first row whose cumulative weight is above `point`.
  private static func row(
    at point: Double, _ cumulative: UnsafeBufferPointer<Double>, _ firstRow: UnsafeBufferPointer<Int32>
  ) -> Int32 {
    let parts = firstRow.count, last = cumulative.count - 1
    let part = min(parts - 1, Int(point / cumulative[last] * Double(parts)))
    var row = Int(firstRow[part])
    // Rounding may have put the point into the part behind its own.
    while row > 1 && cumulative[row - 1] > point { row -= 1 }
    while row < last && cumulative[row] <= point { row += 1 }
    return Int32(row)
  }

  private static func power(_ base: Double, _ exponent: Double) -> Double {
    exponent == 0 ? 1 : exponent == 1 ? base : pow(base, exponent)
  }
}

extension LossPlan {
  /// What draws the negatives of a training on some sessions; nil for the loss over the whole catalogue.
  func sampler(of sessions: SessionTable, _ chosen: [Int32], items: Int, seed: UInt64) -> ItemSampler? {
    if isFull { return nil }
    return ItemSampler(
      occurrences: ItemSampler.occurrences(in: sessions, chosen, items: items), alpha: sampleAlpha, seed: seed)
  }
}
