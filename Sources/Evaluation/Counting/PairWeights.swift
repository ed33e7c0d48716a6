import Foundation
import Models

/// What the pairs of a session's items count for by COUNTS, in whole numbers of a unit: sums of e^-1 and the like would
/// depend on the order in which sessions come, sums of whole numbers do not, nor on the last bit of an exponential.
struct PairWeights {
  /// What 1 is: 2^20. The weights 1 to e^-11 are right to half a millionth, and sums have room for 2^33 of them.
  static let unit: Int32 = 1 << 20

  /// By distance - 1.
  private let forward: [Int32]
  private let toAnswer: [Int32]
  private let backward: [Int32]

  init(_ options: CountingOptions) {
    let decays = (0..<options.window).map { exp(-options.distanceDecay * Double($0)) }
    func weights(_ factor: Double) -> [Int32] { decays.map { Int32(($0 * factor * Double(Self.unit)).rounded()) } }
    forward = weights(1)
    toAnswer = weights(options.answerWeight)
    backward = weights(options.backwardWeight)
  }

  /// Calls `body` with every pair of different items that counts, and its weight.
  /// - Parameter answer: what the clicks led to; 0 where that is not known.
  func forEachPair(
    of clicks: [Int32], answer: Int32, _ body: (_ item: Int32, _ other: Int32, _ weight: Int32) -> Void
  ) {
    let items = answer == 0 ? clicks : clicks + [answer]
    for (place, item) in items.enumerated() {
      let end = min(place + forward.count + 1, items.count)
      for later in place + 1..<max(end, place + 1) where items[later] != item {
        let distance = later - place - 1
        let weight = answer != 0 && later == items.count - 1 ? toAnswer[distance] : forward[distance]
        if weight > 0 { body(item, items[later], weight) }
        if backward[distance] > 0 { body(items[later], item, backward[distance]) }
      }
    }
  }
}
