extension Tensor {
  /// The largest magnitude of all elements; infinity or NaN where one is not finite.
  package var largestMagnitude: Float { Float(bitPattern: largestMagnitudeBits(elements)) }
}

/// The largest bit pattern of an absolute value: of floats without their signs the order is that of their bits.
package func largestMagnitudeBits(_ values: UnsafeMutableBufferPointer<Float>) -> UInt32 {
  var largest = SIMD16<Int32>(repeating: 0)
  let whole = values.count / 16 * 16
  let magnitude = Int32(0x7fff_ffff)
  values.withMemoryRebound(to: Int32.self) { bits in
    for first in stride(from: 0, to: whole, by: 16) {
      let own = UnsafeRawPointer(bits.baseAddress! + first).loadUnaligned(as: SIMD16<Int32>.self) & magnitude
      largest.replace(with: own, where: own .> largest)
    }
    for place in whole..<bits.count { largest[0] = max(largest[0], bits[place] & magnitude) }
  }
  return UInt32(bitPattern: largest.max())
}
