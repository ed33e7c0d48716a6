import CPhilox
import Foundation

/// What a random number is for. Each purpose has a key of its own, so that no two uses share numbers.
public enum RandomPurpose: UInt32, Sendable {
  case initialisation = 1
  case shuffle = 2
  case dropout = 3
  case split = 4
  case synthesis = 5
  case samples = 6
  case newItems = 7
  case search = 8
}

/// Random numbers addressed by (seed, purpose, index): equal on all ranks, repeatable, in any order.
///
/// Philox 4x32-10 keyed by the seed; the counter holds (draw, index low, index high, purpose).
/// Checked against the known answers of Random123's `kat_vectors`.
public struct RandomStream: RandomNumberGenerator, Sendable {
  private let seed: UInt64
  private let purpose: RandomPurpose
  private let index: UInt64
  private var draw: UInt32 = 0
  private var spare: UInt64?

  /// - Parameter index: which stream of this purpose: an epoch, a parameter, a session …
  public init(seed: UInt64, purpose: RandomPurpose, index: UInt64 = 0) {
    self.seed = seed
    self.purpose = purpose
    self.index = index
  }

  /// The Philox key for kernels that build counters of their own: the seed and the purpose, mixed, since those
  /// counters have no room for the purpose.
  package static func key(seed: UInt64, purpose: RandomPurpose) -> UInt64 {
    let block = philox4x32(philox_block(word: (0, 0, 0, purpose.rawValue)), seed).word
    return UInt64(block.0) << 32 | UInt64(block.1)
  }

  /// The next 64 bits; a block of Philox gives two.
  public mutating func next() -> UInt64 {
    if let word = spare {
      spare = nil
      return word
    }
    let counter = philox_block(
      word: (draw, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), purpose.rawValue))
    draw += 1
    let block = philox4x32(counter, seed).word
    spare = UInt64(block.2) << 32 | UInt64(block.3)
    return UInt64(block.0) << 32 | UInt64(block.1)
  }

  /// Uniform in [0, 1), 53 bits.
  public mutating func unitDouble() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in 0 ..< bound, by Lemire's method with rejection, so that the result does not depend
  /// on how the standard library happens to do it.
  public mutating func below(_ bound: UInt64) -> UInt64 {
    precondition(bound > 0, "an empty range has no element")
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return product.high
  }

  /// A standard normal number, by Box and Muller's method.
  public mutating func normal() -> Double {
    let radius = (-2 * log1p(-unitDouble())).squareRoot()
    return radius * cos(2 * Double.pi * unitDouble())
  }

  /// Fisher and Yates' shuffle of 0 ..< count.
  public mutating func permutation(of count: Int) -> [Int32] {
    var order = (0..<Int32(count)).map { $0 }
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, Int(below(UInt64(last) + 1)))
    }
    return order
  }
}
