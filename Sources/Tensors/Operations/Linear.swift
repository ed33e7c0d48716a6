import CKernels

extension Tape {
  /// x·Wᵀ + b, as PyTorch's `Linear`.
  /// - Parameters:
  ///   - x: `[R, in]`.
  ///   - weight: `[out, in]`.
  ///   - bias: `[out]`.
  ///   - outputs: some of the outputs, neighbours, for a weight in which several layers lie on one another, as in
  ///     PyTorch's `MultiheadAttention`; nil for all.
  /// - Returns: `[R, out]`.
  public func linear(
    _ x: Variable, weight: Parameter, bias: Parameter? = nil, outputs: Range<Int>? = nil
  ) -> Variable {
    let w = variable(weight)
    let b = bias.map(variable)
    let outputs = outputs ?? 0..<w.value.rows
    let chosen = w.value.rows(outputs)
    let y = arena.uninitialised(rows: x.value.rows, columns: outputs.count)
    y.product(x.value, chosen, transposeB: true)
    if let b { ck_add_row(Int64(y.rows), Int64(y.columns), b.value.base + outputs.lowerBound, y.base) }
    return record(y) { [arena] dy in
      w.gradient!.rows(outputs).product(dy, x.value, transposeA: true, accumulate: true)
      if let b {
        ck_sum_rows(Int64(dy.rows), Int64(dy.columns), dy.base, b.gradient!.base + outputs.lowerBound)
      }
      let dx = arena.uninitialised(rows: x.value.rows, columns: x.value.columns)
      dx.product(dy, chosen)
      x.accumulate(dx)
    }
  }
}
