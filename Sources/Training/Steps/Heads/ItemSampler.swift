import Foundation
import Randomness
import Sessions

/// Draws items in proportion to a power of how often they occur in training: the shared negatives of sampled
/// losses.
package struct ItemSampler {
  /// p(item): its share of all occurrences, `[items + 1]`.
  package let share: [Double]
  private let cumulative: [Double]
  private let alpha: Double
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
    let total = Double(occurrences.dropFirst().reduce(0, +))
    share = occurrences.map { Double($0) / total }
    self.alpha = alpha
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
    return (0..<count).map { _ in row(at: random.unitDouble() * cumulative[cumulative.count - 1]) }
  }

  /// The first row whose cumulative weight is above `point`.
  private func row(at point: Double) -> Int32 {
    var low = 1, high = cumulative.count - 1
    while low < high {
      let middle = (low + high) / 2
      if cumulative[middle] > point { high = middle } else { low = middle + 1 }
    }
    return Int32(low)
  }

  private static func power(_ base: Double, _ exponent: Double) -> Double {
    exponent == 0 ? 1 : exponent == 1 ? base : pow(base, exponent)
  }
}
