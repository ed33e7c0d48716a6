import CKernels
import Tensors

/// The gradient of rows of the item table that this rank updates, summed over the global batch.
package struct RowGradients {
  /// The rows, rising: neighbours, or those that the step touched.
  package enum Rows {
    case all(Range<Int>)
    case touched([Int32])
  }

  package let rows: Rows
  /// `[rows, D]`.
  package let values: Tensor

  /// Hands neighbouring rows to threads in pieces, touched ones in one.
  func forEachPiece(_ team: ThreadTeam, _ body: (_ thread: Int, RowGradients) -> Void) {
    guard case .all(let range) = rows else { return body(0, self) }
    let pieces = stride(from: range.lowerBound, to: range.upperBound, by: Tensor.tileItems).map {
      $0..<min($0 + Tensor.tileItems, range.upperBound)
    }
    team.forEach(pieces.count) { thread, place in
      let piece = pieces[place]
      let part = values.rows(piece.lowerBound - range.lowerBound..<piece.upperBound - range.lowerBound)
      body(thread, RowGradients(rows: .all(piece), values: part))
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
