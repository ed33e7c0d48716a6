/// A number that the fixed tree adds.
public protocol TreeElement: MPIElement {
  /// `sum[i] = left[i] + right[i]`; `sum` may be the same memory as either.
  static func add(
    _ left: UnsafePointer<Self>, _ right: UnsafePointer<Self>, to sum: UnsafeMutablePointer<Self>, count: Int)
}

// Written in vectors: where `sum` is `left`, the compiler's overlap check would fall back to single elements.
// Each element is one IEEE addition either way, so the bits are the same.

extension Float: TreeElement {
  /// In vectors of 16; the bits are those of one addition after another.
  public static func add(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      let a = UnsafeRawPointer(left + i).loadUnaligned(as: SIMD16<Float>.self)
      let b = UnsafeRawPointer(right + i).loadUnaligned(as: SIMD16<Float>.self)
      UnsafeMutableRawPointer(sum + i).storeBytes(of: a + b, as: SIMD16<Float>.self)
    }
    for i in whole..<count { sum[i] = left[i] + right[i] }
  }
}

extension Double: TreeElement {
  /// In vectors of 8; the bits are those of one addition after another.
  public static func add(
    _ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, to sum: UnsafeMutablePointer<Double>,
    count: Int
  ) {
    let whole = count & ~7
    for i in stride(from: 0, to: whole, by: 8) {
      let a = UnsafeRawPointer(left + i).loadUnaligned(as: SIMD8<Double>.self)
      let b = UnsafeRawPointer(right + i).loadUnaligned(as: SIMD8<Double>.self)
      UnsafeMutableRawPointer(sum + i).storeBytes(of: a + b, as: SIMD8<Double>.self)
    }
    for i in whole..<count { sum[i] = left[i] + right[i] }
  }
}
