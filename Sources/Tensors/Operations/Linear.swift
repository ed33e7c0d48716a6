import CKernels

extension Tape {
  /// x·Wᵀ + b, as PyTorch's `Linear`.
  /// - Parameters:
  ///   - x: `[R, in]`.
  ///   - weight: `[out, in]`.
  ///   - bias: `[out]`.
  /// - Returns: `[R, out]`.
  public func linear(_ x: Variable, weight: Parameter, bias: Parameter? = nil) -> Variable {
    let w = variable(weight)
    let b = bias.map(variable)
    let y = arena.uninitialised(rows: x.value.rows, columns: w.value.rows)
    y.product(x.value, w.value, transposeB: true)
    if let b { ck_add_row(Int64(y.rows), Int64(y.columns), b.value.base, y.base) }
    return record(y) { [arena] dy in
      w.gradient!.product(dy, x.value, transposeA: true, accumulate: true)
      if let b { ck_sum_rows(Int64(dy.rows), Int64(dy.columns), dy.base, b.gradient!.base) }
      let dx = arena.uninitialised(rows: x.value.rows, columns: x.value.columns)
      dx.product(dy, w.value)
      x.accumulate(dx)
    }
  }
}
