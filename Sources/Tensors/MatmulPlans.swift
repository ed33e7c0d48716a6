import CKernels

/// Matrix products of fixed shapes, prepared once and run many times.
///
/// oneDNN's matmul primitive beats its sgemm at the shapes of the catalogue head but takes milliseconds to
/// create. Not thread-safe: one object a thread.
package final class MatmulPlans {
  package struct Shape: Hashable {
    package var transposeA = false
    package var transposeB = false
    package let m: Int
    package let n: Int
    package let k: Int
    package var accumulate = false

    package init(
      transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, accumulate: Bool = false
    ) {
      self.transposeA = transposeA
      self.transposeB = transposeB
      self.m = m
      self.n = n
      self.k = k
      self.accumulate = accumulate
    }
  }

  private var plans: [Shape: OpaquePointer] = [:]

  package init() {}

  deinit { plans.values.forEach(ck_matmul_plan_destroy) }

  /// c = op(a)·op(b), plus c where `accumulate`; operands dense and row-major.
  package func run(
    _ shape: Shape, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>
  ) {
    let status = ck_matmul_plan_run(plan(shape), a, b, c)
    precondition(status == 0, "oneDNN failed at the product \(shape): status \(status)")
  }

  private func plan(_ shape: Shape) -> OpaquePointer {
    if let known = plans[shape] { return known }
    let made = ck_matmul_plan_create(
      shape.transposeA, shape.transposeB, Int64(shape.m), Int64(shape.n), Int64(shape.k), shape.accumulate)
    precondition(made != nil, "oneDNN has no product of the shape \(shape)")
    plans[shape] = made!
    return made!
  }
}

/// The instruction set that decides the bits of matrix products: `avx512_core_bf16` …
package var instructionSet: String { String(cString: ck_instruction_set()) }
