import CKernels
import Tensors

/// The gradient of rows of the item table that this rank updates, summed over the global batch.
package struct RowGradients {
  /// The rows, rising: neighbours, or those that the step touched.
  package enum Rows {
    case all(Range<Int>)
    case touched([Int32])

    /// Some of the rows, by their places.
    fileprivate func part(_ places: Range<Int>) -> Rows {
      switch self {
      case .all(let rows): .all(rows.lowerBound + places.lowerBound..<rows.lowerBound + places.upperBound)
      case .touched(let rows): .touched(Array(rows[places]))
      }
    }
  }

  package let rows: Rows
  /// `[rows, D]`.
  package let values: Tensor

  /// Hands the rows to threads in pieces.
  func forEachPiece(_ team: ThreadTeam, _ body: (_ thread: Int, RowGradients) -> Void) {
    let pieces = stride(from: 0, to: values.rows, by: Tensor.tileItems).map {
      $0..<min($0 + Tensor.tileItems, values.rows)
    }
    team.forEach(pieces.count) { thread, place in
      body(thread, RowGradients(rows: rows.part(pieces[place]), values: values.rows(pieces[place])))
    }
  }

  /// Sums of squares whose order, and so whose bits, do not depend on how the rows are shared out: one for each tile of
  /// rows, or for each touched row.
  func sumsOfSquares() -> [Double] {
    switch rows {
    case .touched: values.sumsOfSquares(rowsAtATime: 1)
    case .all(let range):
      // Ranks own whole tiles, and one of them the padding row, which has no gradient.
      values.rows((range.lowerBound == 0 && !range.isEmpty ? 1 : 0)..<values.rows)
        .sumsOfSquares(rowsAtATime: Tensor.tileItems)
    }
  }
}

extension Tensor {
  /// The sum of squares of each block of rows, in Float64.
  func sumsOfSquares(rowsAtATime block: Int) -> [Double] {
    let whole = rows / block, rest = rows % block
    var sums = [Double](repeating: 0, count: whole + (rest > 0 ? 1 : 0))
    ck_sum_squares(Int64(whole), Int64(block * columns), base, &sums)
    if rest > 0 {
      sums.withUnsafeMutableBufferPointer {
        ck_sum_squares(1, Int64(rest * columns), base + whole * block * columns, $0.baseAddress! + whole)
      }
    }
    return sums
  }
}
