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

  /// The rows of a dense table that `index` names: `[index.count, D]`. For the item table there is `lookup`.
  public func embedding(_ table: Parameter, rows index: [Int32]) -> Variable {
    let table = variable(table)
    precondition(index.allSatisfy { 0 <= $0 && $0 < table.value.rows }, "\(index) in \(table.value.rows) rows")
    return record(table.value.gathered(index, in: arena)) { dy in
      ck_scatter_add_rows(Int64(dy.rows), Int64(dy.columns), dy.base, index, table.gradient!.base)
    }
  }
}
