/// An item and its score as one number, which is greater for a better item: the score's bits, made to rise with it, in
/// the upper half; below them the row, falling. Items with higher scores are better, of equal ones the lower row. No
/// item has the key 0.
enum ItemKey {
  /// - Parameter score: finite.
  static func key(_ item: Int32, score: Float) -> UInt64 {
    let bits = (score + 0).bitPattern  // -0 becomes 0: they are equal
    return key(item, rising: bits >> 31 == 1 ? ~bits : bits | 1 << 31)
  }

  static func score(of key: UInt64) -> Float {
    let rising = UInt32(key >> 32)
    return Float(bitPattern: rising >> 31 == 1 ? rising & ~(1 << 31) : ~rising)
  }

  static func item(of key: UInt64) -> Int32 { Int32(bitPattern: ~UInt32(key & 0xffff_ffff)) }

  /// The key of an item whose score is not finite: before all others, and of several the lowest row first.
  static func notFinite(_ item: Int32) -> UInt64 { key(item, rising: .max) }

  static func isNotFinite(_ key: UInt64) -> Bool { key >> 32 == UInt64(UInt32.max) }

  /// The first keys of two lists put together; all are falling.
  static func merged(_ one: ArraySlice<UInt64>, _ other: ArraySlice<UInt64>, limit: Int) -> [UInt64] {
    var merged: [UInt64] = []
    merged.reserveCapacity(min(limit, one.count + other.count))
    var first = one, second = other
    while merged.count < limit {
      switch (first.first, second.first) {
      case (let mine?, let theirs?): merged.append(mine > theirs ? first.removeFirst() : second.removeFirst())
      case (_?, nil): merged.append(first.removeFirst())
      case (nil, _?): merged.append(second.removeFirst())
      case (nil, nil): return merged
      }
    }
    return merged
  }

  private static func key(_ item: Int32, rising: UInt32) -> UInt64 {
    UInt64(rising) << 32 | UInt64(~UInt32(bitPattern: item))
  }
}
