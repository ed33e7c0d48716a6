import Learning
import Tensors
import Testing

@Suite struct SoundWeightsTests {
  /// What something makes of these values, in memory of their own.
  private func of<Result>(_ values: [Float], _ body: (UnsafeMutableBufferPointer<Float>) -> Result) -> Result {
    let storage = FloatStorage(count: values.count)
    _ = storage.elements.update(fromContentsOf: values)
    return withExtendedLifetime(storage) { body(storage.elements) }
  }

  /// 16 at a time, and what is left of that: every place is looked at.
  @Test(arguments: [1, 5, 16, 17, 40])
  func theLargestIsFoundWhereverItIs(count: Int) {
    for place in 0..<count {
      for odd in [Float.nan, -Float.nan, Float.infinity, -Float.infinity, -3e38, 2.5] {
        var values = [Float](repeating: -1.5, count: count)
        values[place] = odd
        let found = Float(bitPattern: of(values, largestMagnitudeBits))
        #expect(odd.isNaN ? found.isNaN : found == abs(odd), "\(odd) at \(place) of \(count)")
      }
    }
    #expect(of([], largestMagnitudeBits) == 0)
  }

  @Test(arguments: [1, 5, 16, 17, 40])
  func everyBitCountsInAChecksum(count: Int) {
    let values = (0..<count).map { Float($0) * 0.37 - 2 }
    var sums: Set<UInt64> = [of(values, checksum)]
    for place in 0..<count {
      for bit in [0, 15, 22, 30, 31] {
        var other = values
        other[place] = Float(bitPattern: other[place].bitPattern ^ 1 << bit)
        sums.insert(of(other, checksum))
      }
    }
    #expect(sums.count == 1 + 5 * count)
    // Order and length count, too.
    if count > 1 { #expect(of(values.reversed(), checksum) != of(values, checksum)) }
    #expect(of(values + [0], checksum) != of(values, checksum))
    #expect(of(values, checksum) == of(values, checksum))
  }
}
