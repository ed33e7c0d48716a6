import CKernels

extension Tensor {
  /// self += other, of the same shape.
  package func add(_ other: Tensor) {
    precondition(rows == other.rows && columns == other.columns, shapes(self, other))
    ck_add(Int64(count), other.base, base)
  }

  /// self[r, :] *= factor[r]
  package func scaleRows(by factor: UnsafePointer<Float>) { ck_scale_rows(Int64(rows), Int64(columns), factor, base) }

  /// The rows of this table that `index` names.
  package func gathered(_ index: [Int32], in arena: Arena) -> Tensor {
    let result = arena.uninitialised(rows: index.count, columns: columns)
    gather(index[...], into: result)
    return result
  }

  /// result[r, :] = self[index[r], :]
  package func gather(_ index: ArraySlice<Int32>, into result: Tensor) {
    precondition(
      result.rows == index.count && result.columns == columns, "\(shapes(self, result)), \(index.count) rows")
    index.withUnsafeBufferPointer {
      guard let index = $0.baseAddress else { return }
      ck_gather_rows(Int64($0.count), Int64(columns), base, index, result.base)
    }
  }

  /// The transposed matrix.
  package func transposed(in arena: Arena) -> Tensor {
    let result = arena.uninitialised(rows: columns, columns: rows)
    transpose(into: result)
    return result
  }

  /// self[places[r], :] = x[r, :]
  package func scatter(_ x: Tensor, to places: ArraySlice<Int32>) {
    precondition(x.rows == places.count && x.columns == columns, "\(shapes(self, x)), \(places.count) places")
    places.withUnsafeBufferPointer { places in
      for (row, place) in places.enumerated() {
        // Rows may lie far apart: the memory is asked for a few rows ahead.
        if row + 4 < places.count { ck_prefetch_row(Int64(columns), base + Int(places[row + 4]) * columns) }
        rows(Int(place)..<Int(place) + 1).base.update(from: x.base + row * columns, count: columns)
      }
    }
  }

  /// Writes the transposed matrix to `result`, which is of that shape.
  package func transpose(into result: Tensor) {
    precondition(rows == result.columns && columns == result.rows, shapes(self, result))
    ck_transpose(Int64(rows), Int64(columns), base, result.base)
  }

  /// self[places[r], :] += x[r, :], from the first row to the last.
  package func scatterAdd(_ x: Tensor, to places: [Int32]) {
    precondition(x.rows == places.count && x.columns == columns, "\(shapes(self, x)), \(places.count) places")
    ck_scatter_add_rows(Int64(x.rows), Int64(columns), x.base, places, base)
  }

  /// self = op(a)·op(b), or self += op(a)·op(b).
  package func product(
    _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false, accumulate: Bool = false
  ) {
    let (m, inner) = transposeA ? (a.columns, a.rows) : (a.rows, a.columns)
    let (other, n) = transposeB ? (b.columns, b.rows) : (b.rows, b.columns)
    precondition(m == rows && n == columns && inner == other, shapes(a, b))
    guard count > 0 else { return }
    guard inner > 0 else {
      if !accumulate { base.update(repeating: 0, count: count) }
      return
    }
    let status = ck_matmul(
      transposeA, transposeB, Int64(m), Int64(n), Int64(inner), a.base, b.base, accumulate, base)
    precondition(status == 0, "oneDNN refused a product of \(m)×\(inner)×\(n): status \(status)")
  }
}

/// Both shapes, for the message of a failed precondition.
func shapes(_ a: Tensor, _ b: Tensor) -> String { "shapes \(a.rows)×\(a.columns) and \(b.rows)×\(b.columns)" }
