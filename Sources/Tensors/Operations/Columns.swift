import CKernels

extension Tape {
  /// `a` and `b` side by side: `[R, columns of a + columns of b]`.
  public func concatenate(_ a: Variable, _ b: Variable) -> Variable {
    precondition(a.value.rows == b.value.rows, shapes(a.value, b.value))
    let parts = [(a, first: 0), (b, first: a.value.columns)]
    let y = arena.uninitialised(rows: a.value.rows, columns: a.value.columns + b.value.columns)
    for (part, first) in parts {
      let width = Int64(part.value.columns)
      ck_copy_columns(Int64(y.rows), width, part.value.base, width, y.base + first, Int64(y.columns))
    }
    return record(y) { [arena] dy in
      for (part, first) in parts {
        let width = Int64(part.value.columns)
        let gradient = arena.uninitialised(rows: part.value.rows, columns: part.value.columns)
        ck_copy_columns(Int64(dy.rows), width, dy.base + first, Int64(dy.columns), gradient.base, width)
        part.accumulate(gradient)
      }
    }
  }

  /// a + b, of the same shape.
  public func add(_ a: Variable, _ b: Variable) -> Variable {
    let y = a.value.copied(in: arena)
    y.add(b.value)
    return record(y) { [arena] dy in
      // A gradient belongs to one variable, so the other gets a copy.
      b.accumulate(dy.copied(in: arena))
      a.accumulate(dy)
    }
  }

  /// a · b, element by element.
  public func multiply(_ a: Variable, _ b: Variable) -> Variable {
    let y = arena.uninitialised(rows: a.value.rows, columns: a.value.columns)
    y.multiply(a.value, b.value)
    return record(y) { [arena] dy in
      for (operand, other) in [(a, b), (b, a)] {
        let gradient = arena.uninitialised(rows: dy.rows, columns: dy.columns)
        gradient.multiply(dy, other.value)
        operand.accumulate(gradient)
      }
    }
  }
}

extension Tensor {
  func copied(in arena: Arena) -> Tensor {
    let copy = arena.uninitialised(rows: rows, columns: columns)
    copy.base.update(from: base, count: count)
    return copy
  }

  /// self = a · b, element by element.
  fileprivate func multiply(_ a: Tensor, _ b: Tensor) {
    precondition(a.rows == b.rows && a.columns == b.columns && a.count == count, shapes(a, b))
    ck_multiply(Int64(count), a.base, b.base, base)
  }
}
