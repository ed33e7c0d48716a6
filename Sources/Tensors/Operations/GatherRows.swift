import CKernels

extension Tape {
  /// The rows of `x` that `index` names: `[index.count, D]`.
  public func rows(of x: Variable, _ index: [Int32]) -> Variable {
    record(x.value.gathered(index, in: arena)) { [arena] dy in
      let dx = arena.zeros(rows: x.value.rows, columns: x.value.columns)
      ck_scatter_add_rows(Int64(dy.rows), Int64(dy.columns), dy.base, index, dx.base)
      x.accumulate(dx)
    }
  }
}
