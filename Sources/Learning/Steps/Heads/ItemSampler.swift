import Foundation
import Randomness
import Sessions

/// Draws items in proportion to a power of how often they occur in training: the shared negatives of sampled
/// losses.
package struct ItemSampler {
  /// log p(item), p its share of all occurrences, `[items + 1]`.
  package let logShare: [Double]
  /// Walker's alias table: of as many equal parts of the whole weight as there are rows that can be drawn, part r belongs
  /// to row r up to a threshold and to one other row above it, so that a draw looks at one place (Walker, ACM
  /// Transactions on Mathematical Software 3(3), 1977).
  private let parts: [Part]
  private let seed: UInt64

  /// - Parameters:
  ///   - occurrences: how often each row occurs, `[items + 1]`; row 0 is never drawn.
  ///   - alpha: 0 draws all items alike, 1 in proportion.
  package init(occurrences: [Int], alpha: Double, seed: UInt64) {
    parts = Self.parts(occurrences.dropFirst().map { Self.power(Double($0), alpha) })
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
    // All points first: the places that are then looked at are waited for side by side.
    let points = (0..<count).map { _ in random.unitDouble() * Double(parts.count) }
    return parts.withUnsafeBufferPointer { parts in
      points.map { point in
        let row = min(Int(point), parts.count - 1)
        return point - Double(row) < parts[row].threshold ? Int32(row + 1) : parts[row].other
      }
    }
  }

  private struct Part {
    /// The share of the part that is its own row's.
    var threshold = 1.0
    var other: Int32 = 0
  }

  /// Fills the parts of rows that weigh less than the mean with rows that weigh more.
  /// - Parameter weights: of row 1, 2, …
  private static func parts(_ weights: [Double]) -> [Part] {
    let mean = weights.reduce(0, +) / Double(weights.count)
    var rest = weights.map { $0 / mean }
    var parts = weights.map { _ in Part() }
    var light = rest.indices.filter { rest[$0] < 1 }, heavy = rest.indices.filter { rest[$0] >= 1 }
    while let row = light.popLast(), let filler = heavy.last {
      parts[row] = Part(threshold: rest[row], other: Int32(filler + 1))
      rest[filler] -= 1 - rest[row]
      if rest[filler] < 1 { light.append(heavy.removeLast()) }
    }
    return parts
  }

  private static func power(_ base: Double, _ exponent: Double) -> Double {
    exponent == 0 ? 1 : exponent == 1 ? base : pow(base, exponent)
  }
}

extension LossPlan {
  /// What draws the negatives of a training on some sessions; nil for the loss over the whole catalogue.
  package func sampler(of sessions: SessionTable, _ chosen: [Int32], items: Int, seed: UInt64) -> ItemSampler? {
    if isFull { return nil }
    return ItemSampler(
      occurrences: ItemSampler.occurrences(in: sessions, chosen, items: items), alpha: sampleAlpha, seed: seed)
  }
}
