import Foundation
import Randomness

/// Made-up shops and their shoppers: what there is to learn in synthetic sessions.
///
/// Items are numbered by popularity, which falls by a power law. Every item belongs to a family of about
/// twenty, has one home shop and is sold in some others, and leads to a few successors, most of them in its
/// family: a function of the item, so that counting pairs works, and so does a model that finds families.
struct SyntheticShop {
  private static let familySize = 20
  private static let successorCount = 6
  /// How likely an item is to be sold in a shop that is not its home.
  private static let sharing = 0.25
  /// Weight of the item of rank r: (r + shift) to the power -exponent; the head of Amazon-M2 is about as flat.
  private static let exponent = 0.7
  private static let shift = 10.0
  /// Streams of sessions are counted from 0, those of items from here.
  private static let firstItemStream: UInt64 = 1 << 48

  let itemCount: Int
  private let seed: UInt64
  private let locales: [ShopLocale]
  private let familyCount: Int
  /// `[items]`, a bit a locale.
  private var shops: [UInt8] = []
  /// `[items, successorCount]`, the likeliest first.
  private var successors: [Int32] = []

  init(itemCount: Int, locales: [ShopLocale], seed: UInt64) {
    self.itemCount = itemCount
    self.locales = locales
    self.seed = seed
    familyCount = max(1, itemCount / Self.familySize)
    shops.reserveCapacity(itemCount)
    successors.reserveCapacity(itemCount * Self.successorCount)
    for item in 0..<itemCount {
      var stream = RandomStream(seed: seed, purpose: .synthesis, index: Self.firstItemStream + UInt64(item))
      shops.append(drawShops(of: item, &stream))
      for place in 0..<Self.successorCount {
        let staysInFamily = place < 4
        let family = staysInFamily ? item % familyCount : Int(stream.below(UInt64(familyCount)))
        successors.append(Int32(drawMember(of: family, &stream)))
      }
    }
  }

  /// One shopper: the items looked at, the next one last, and the shop.
  /// - Parameter items: is emptied first; 2 to 51 items.
  func visit(number: Int, items: inout [Int32]) -> ShopLocale {
    var stream = RandomStream(seed: seed, purpose: .synthesis, index: UInt64(number))
    let locale = drawLocale(&stream)
    let length = Self.drawLength(&stream)
    items.removeAll(keepingCapacity: true)
    items.append(drawPopular(in: locale, &stream))
    while items.count <= length {
      items.append(drawNext(after: items, in: locale, &stream))
    }
    return locale
  }

  /// Items before the answer: 1 to 50, 3.4 on average. A mixture of two geometric distributions, as in the
  /// real data: most shoppers look at one to three items, a few at very many.
  private static func drawLength(_ stream: inout RandomStream) -> Int {
    let meanExcess = stream.unitDouble() < 0.8 ? 1.6 : 5.6
    let excess = log1p(-stream.unitDouble()) / log(meanExcess / (1 + meanExcess))
    return 1 + Int(min(excess, 49))
  }

  private func drawNext(
    after items: [Int32], in locale: ShopLocale, _ stream: inout RandomStream
  ) -> Int32 {
    let current = items[items.count - 1]
    let choice = stream.unitDouble()
    if choice < 0.08 { return current }  // looked at again
    if choice < 0.18 { return items[Int(stream.below(UInt64(items.count)))] }  // back to an earlier one
    if choice < 0.28 { return drawPopular(in: locale, &stream) }  // something else altogether
    if choice < 0.36 {
      let relative = Int32(drawMember(of: Int(current) % familyCount, &stream))
      return isSold(relative, in: locale) ? relative : current
    }
    let first = Int(log2(1 / (1 - stream.unitDouble()))) % Self.successorCount  // halves with every place
    for offset in 0..<Self.successorCount {
      let place = (first + offset) % Self.successorCount
      let successor = successors[Int(current) * Self.successorCount + place]
      if successor != current, isSold(successor, in: locale) { return successor }
    }
    return drawPopular(in: locale, &stream)
  }

  /// An item of the shop by its popularity.
  private func drawPopular(in locale: ShopLocale, _ stream: inout RandomStream) -> Int32 {
    let power = 1 - Self.exponent
    let low = pow(Self.shift, power)
    let high = pow(Self.shift + Double(itemCount), power)
    while true {  // every shop sells at least two items of each `2 * locales` most popular
      let rank = pow(low + (high - low) * stream.unitDouble(), 1 / power) - Self.shift
      let item = Int32(min(max(rank, 0), Double(itemCount - 1)))
      if isSold(item, in: locale) { return item }
    }
  }

  /// A member of a family, popular ones more often. Families take turns: item i is in family i mod count.
  private func drawMember(of family: Int, _ stream: inout RandomStream) -> Int {
    let size = (itemCount - family + familyCount - 1) / familyCount
    let place = stream.unitDouble()
    return family + Int(place * place * Double(size)) * familyCount
  }

  /// The first items take turns as to their home, so that no shop is empty.
  private func drawShops(of item: Int, _ stream: inout RandomStream) -> UInt8 {
    let drawn = Int(stream.below(UInt64(locales.count)))
    let home = locales[item < 2 * locales.count ? item % locales.count : drawn]
    return locales.reduce(home.mask) { stream.unitDouble() < Self.sharing ? $0 | $1.mask : $0 }
  }

  /// The three large shops have twice the visitors of the others.
  private func drawLocale(_ stream: inout RandomStream) -> ShopLocale {
    let weights = locales.map { $0.rawValue < ShopLocale.es.rawValue ? 2 : 1 }
    var place = Int(stream.below(UInt64(weights.reduce(0, +))))
    for (locale, weight) in zip(locales, weights) {
      place -= weight
      if place < 0 { return locale }
    }
    return locales[0]
  }

  private func isSold(_ item: Int32, in locale: ShopLocale) -> Bool { shops[Int(item)] & locale.mask != 0 }
}

/// Ids that look like Amazon's: `B0` and eight digits or capitals. No two items share one.
struct SyntheticIDs {
  private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
  private static let space: UInt64 = 2_821_109_907_456  // 36 to the power 8
  private let factor: UInt64
  private let offset: UInt64

  init(seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .synthesis, index: .max)
    // Prime to 36: then i × factor + offset is different for every i below 36^8. Below 2^31: no overflow.
    factor = 6 * stream.below(1 << 28) + 1
    offset = stream.below(Self.space)
  }

  func append(_ item: Int32, to bytes: inout [UInt8]) {
    var rest = (UInt64(item) * factor + offset) % Self.space
    bytes.append(UInt8(ascii: "B"))
    bytes.append(UInt8(ascii: "0"))
    for _ in 0..<8 {
      bytes.append(Self.alphabet[Int(rest % 36)])
      rest /= 36
    }
  }
}
