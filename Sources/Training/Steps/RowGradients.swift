import CKernels
import Tensors

/// The gradient of rows of the item table that this rank updates, summed over all lanes.
package struct RowGradients {
  /// The rows, rising: all that the rank owns, or those that the step touched.
  package enum Rows {
    case all(Range<Int>)
    case touched([Int32])
  }

  package let rows: Rows
  /// `[rows, D]`.
  package let values: Tensor

  /// Sums of squares whose order, and so whose bits, do not depend on how the rows are shared out: one for each
  /// block of rows, or for each touched row.
  func sumsOfSquares() -> [Double] {
    switch rows {
    case .touched: values.sumsOfSquares(rowsAtATime: 1)
    case .all: values.sumsOfSquares(rowsAtATime: GradientExchange.rowBlock)
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
