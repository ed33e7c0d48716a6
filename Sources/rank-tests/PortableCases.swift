import CKernels
import MPI
import Randomness
import Tensors

/// Products of a portable process against their definition: each element one chain of fused multiply-adds.
var portableCases: [String: RankCase] {
  [
    "portable-products": { _ in
      try InstructionSet.pin(.portable)
      // Every remainder of the tiles of AVX-512 (8 × 32) and AVX2 (6 × 16), and more than one block of k (128).
      let rows = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 23], columns = [0, 1, 3, 15, 16, 17, 31, 32, 33, 50]
      let depths = [0, 1, 3, 4, 7, 127, 128, 129, 300]
      for (place, m) in rows.enumerated() {
        for (other, n) in columns.enumerated() {
          // Each pair of sizes with three of the depths: all of them would take long.
          for turn in 0..<3 {
            let k = depths[(place + 2 * other + 4 * turn) % depths.count]
            for transposes in 0..<4 {
              let shape = PortableProduct(
                m: m, n: n, k: k, transposeA: transposes & 1 != 0, transposeB: transposes & 2 != 0,
                accumulate: (turn + transposes) % 2 == 0)
              try shape.check()
            }
          }
        }
      }
    },
    "portable-is-too-late": { _ in
      _ = InstructionSet.current
      try InstructionSet.pin(.portable)
    },
  ]
}

private struct PortableProduct {
  let m: Int
  let n: Int
  let k: Int
  let transposeA: Bool
  let transposeB: Bool
  let accumulate: Bool

  /// Nowhere aligned to more than a float, and with a number behind the result that must stay.
  private static let shift = 1
  private static let guardian: Float = 123.5

  func check() throws {
    var stream = RandomStream(seed: 7, purpose: .synthesis, index: UInt64((m * 64 + n) * 512 + k))
    func numbers(_ count: Int) -> [Float] {
      (0..<count + Self.shift).map { _ in Float(2 * stream.unitDouble() - 1) }
    }
    let a = numbers(m * k), b = numbers(k * n), before = numbers(m * n) + [Self.guardian]
    let expected = chains(a, b, before)
    var called = before, planned = before
    let sizes = (Int64(m), Int64(n), Int64(k))
    let plan = ck_matmul_plan_create(transposeA, transposeB, sizes.0, sizes.1, sizes.2, accumulate, false)
    defer { ck_matmul_plan_destroy(plan) }
    guard let plan else { throw CheckFailed("no plan of \(self)") }
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        let a = a.baseAddress! + Self.shift, b = b.baseAddress! + Self.shift
        called.withUnsafeMutableBufferPointer {
          _ = ck_matmul(
            transposeA, transposeB, sizes.0, sizes.1, sizes.2, a, b, accumulate, $0.baseAddress! + Self.shift)
        }
        planned.withUnsafeMutableBufferPointer {
          _ = ck_matmul_plan_run(plan, a, b, $0.baseAddress! + Self.shift)
        }
      }
    }
    try expectEqual(called.map(\.bitPattern), expected.map(\.bitPattern), "\(self)")
    try expectEqual(planned.map(\.bitPattern), expected.map(\.bitPattern), "\(self) by a plan")
  }

  private func chains(_ a: [Float], _ b: [Float], _ before: [Float]) -> [Float] {
    var c = before
    for row in 0..<m {
      for column in 0..<n {
        let place = Self.shift + row * n + column
        c[place] = (0..<k).reduce(accumulate ? c[place] : 0) { sum, step in
          let left = a[Self.shift + (transposeA ? step * m + row : row * k + step)]
          let right = b[Self.shift + (transposeB ? column * k + step : step * n + column)]
          return sum.addingProduct(left, right)
        }
      }
    }
    return c
  }
}
