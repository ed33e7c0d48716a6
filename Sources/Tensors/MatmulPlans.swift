import CKernels

/// Matrix products of fixed shapes, prepared once and run many times.
///
/// oneDNN's matmul primitive beats its sgemm at the shapes of the catalogue head but takes milliseconds to
/// create. For one thread at a time.
package final class MatmulPlans {
  private struct Shape: Hashable {
    let transposeA: Bool
    let transposeB: Bool
    let m: Int
    let n: Int
    let k: Int
    let accumulate: Bool
    let precision: Precision
  }

  private var plans: [Shape: OpaquePointer] = [:]

  package init() {}

  deinit { plans.values.forEach(ck_matmul_plan_destroy) }

  /// c = op(a)·op(b), or c += op(a)·op(b): as `Tensor.product`, from operands of one precision.
  package func product(
    _ a: Operand, _ b: Operand, transposeA: Bool = false, transposeB: Bool = false, accumulate: Bool = false,
    into c: Tensor
  ) {
    let (m, k) = transposeA ? (a.columns, a.rows) : (a.rows, a.columns)
    let (inner, n) = transposeB ? (b.columns, b.rows) : (b.rows, b.columns)
    precondition(m == c.rows && n == c.columns && k == inner, "\(m)×\(k) times \(inner)×\(n)")
    precondition(a.precision == b.precision, "a product of \(a.precision) and \(b.precision)")
    let shape = Shape(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, accumulate: accumulate,
      precision: a.precision)
    let status = ck_matmul_plan_run(plan(shape), a.base, b.base, c.base)
    precondition(status == 0, "oneDNN failed at the product \(shape): status \(status)")
  }

  /// The same of two matrices as they are.
  package func product(
    _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false, accumulate: Bool = false,
    into c: Tensor
  ) {
    product(
      a.operand, b.operand, transposeA: transposeA, transposeB: transposeB, accumulate: accumulate, into: c)
  }

  private func plan(_ shape: Shape) -> OpaquePointer {
    if let known = plans[shape] { return known }
    let made = ck_matmul_plan_create(
      shape.transposeA, shape.transposeB, Int64(shape.m), Int64(shape.n), Int64(shape.k), shape.accumulate,
      shape.precision == .bfloat16)
    precondition(made != nil, "oneDNN has no product of the shape \(shape)")
    plans[shape] = made!
    return made!
  }
}
