import Sessions
import Tensors

/// What each item is worth in each locale: that of the items that occurred there one by one, that of all others alike.
package struct LocaleScores: Sendable {
  /// `[items + 1]`: for sessions without a locale.
  private let withoutLocale: [Float]
  /// `[items + 1]`: in a locale in which the item did not occur.
  private let elsewhere: [Float]
  private let localeCount: Int
  /// As in `ItemPopularity`, whose counts these scores stand beside.
  private let offsets: [Int64]
  private let items: [Int32]
  private let scores: [Float]

  /// - Parameter scores: beside the items that occurred in locales.
  init(withoutLocale: [Float], elsewhere: [Float], _ counted: ItemPopularity, _ scores: [Float]) {
    self.withoutLocale = withoutLocale
    self.elsewhere = elsewhere
    localeCount = counted.localeCount
    offsets = counted.offsets
    items = counted.items
    self.scores = scores
    precondition(scores.count == Int(offsets[localeCount]), "\(scores.count) scores of \(offsets[localeCount]) items")
  }

  /// The same for all sessions.
  init(everywhere: [Float]) {
    (withoutLocale, elsewhere, localeCount) = (everywhere, everywhere, 0)
    (offsets, items, scores) = ([0, 0], [], [])
  }

  private init(_ other: LocaleScores, _ change: (Float) -> Float) {
    (localeCount, offsets, items) = (other.localeCount, other.offsets, other.items)
    withoutLocale = other.withoutLocale.map(change)
    elsewhere = other.elsewhere.map(change)
    scores = other.scores.map(change)
  }

  /// The same order, lower.
  func lowered(by amount: Float) -> LocaleScores { LocaleScores(self) { $0 - amount } }

  /// Rows of the catalogue, the padding row counted.
  var rows: Int { elsewhere.count }

  /// No score is higher.
  var highest: Float { max(withoutLocale.max() ?? 0, max(elsewhere.max() ?? 0, scores.max() ?? 0)) }

  /// What an item is worth in the locale with a code; see `LocaleNames.none`.
  func score(of item: Int32, in code: UInt16) -> Float {
    guard code < localeCount else { return withoutLocale[Int(item)] }
    let listed = listed(in: code), place = items.firstPlace(notBelow: item, in: listed)
    return place < listed.upperBound && items[place] == item ? scores[place] : elsewhere[Int(item)]
  }

  /// Writes what neighbouring items are worth in a locale to every `step`th place of a memory.
  func write(_ rows: Range<Int>, in code: UInt16, to memory: UnsafeMutablePointer<Float>, step: Int) {
    let others = code < localeCount ? elsewhere : withoutLocale
    for row in rows { memory[(row - rows.lowerBound) * step] = others[row] }
    guard code < localeCount else { return }
    let listed = listed(in: code)
    var place = items.firstPlace(notBelow: Int32(rows.lowerBound), in: listed)
    while place < listed.upperBound, Int(items[place]) < rows.upperBound {
      memory[(Int(items[place]) - rows.lowerBound) * step] = scores[place]
      place += 1
    }
  }

  private func listed(in code: UInt16) -> Range<Int> { Int(offsets[Int(code)])..<Int(offsets[Int(code) + 1]) }
}
