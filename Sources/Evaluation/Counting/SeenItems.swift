/// Which items the sessions of each locale have: those that were counted, and those that are ranked with their clicks
/// counted, too. Never an answer that is to be found.
struct SeenItems: Sendable {
  private let counted: [ItemPopularity]

  /// - Parameter counted: over the same catalogue and locales.
  init(_ counted: [ItemPopularity]) { self.counted = counted }

  /// Writes a number for each row of the catalogue: one for what was seen in the locale with a code, one for all else.
  /// Without a locale, all was seen.
  func write(seen: Float, others: Float, of code: UInt16, to numbers: inout [Float]) {
    let hasLocale = counted.contains { code < $0.localeCount }
    for row in numbers.indices { numbers[row] = hasLocale ? others : seen }
    for counted in counted where hasLocale {
      for place in Int(counted.offsets[Int(code)])..<Int(counted.offsets[Int(code) + 1]) {
        numbers[Int(counted.items[place])] = seen
      }
    }
  }
}
