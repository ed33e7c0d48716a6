/// Row numbers in rising order, and where each of them was: a radix sort, which leaves equal ones in their order.
package struct RowOrder {
  /// The numbers, rising.
  package let rows: [Int32]
  /// The place that each of `rows` had.
  package let places: [Int32]

  /// - Parameter rows: none is negative.
  package init(_ rows: [Int32]) {
    var keys = rows.enumerated().map { UInt64($1) << 32 | UInt64($0) }
    Self.sort(&keys)
    self.rows = keys.map { Int32(truncatingIfNeeded: $0 >> 32) }
    places = keys.map { Int32(truncatingIfNeeded: $0) }
  }

  /// Sorts by the upper half, digit after digit from the lowest, as far as the largest number has any.
  private static func sort(_ keys: inout [UInt64]) {
    let digitBits = 8, digits = 1 << digitBits
    let largest = keys.max() ?? 0
    var sorted = keys
    for shift in stride(from: 32, to: 64 - largest.leadingZeroBitCount, by: digitBits) {
      func digit(_ key: UInt64) -> Int { Int(truncatingIfNeeded: key >> UInt64(shift)) & (digits - 1) }
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: digits) { next in
        next.initialize(repeating: 0)
        for key in keys { next[digit(key)] += 1 }
        var first: Int32 = 0
        for value in next.indices { (next[value], first) = (first, first + next[value]) }
        for key in keys {
          sorted[Int(next[digit(key)])] = key
          next[digit(key)] += 1
        }
      }
      swap(&keys, &sorted)
    }
  }
}

extension [Int32] {
  /// The numbers, rising and each once; none is negative.
  package var distinct: [Int32] { RowOrder(self).rows.withoutNeighbouringEquals }
}
