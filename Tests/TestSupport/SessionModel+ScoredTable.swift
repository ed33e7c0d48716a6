import Models
import Tensors

extension SessionModel {
  /// The table whose products with the session vectors are the scores, without dropout: `[items + 1, D]`. The item table
  /// itself, or a copy in `arena`.
  package func scoredTable(in arena: Arena) -> Tensor {
    let table = parameters.itemTable.value
    return scoring.rowTransform(width: table.columns)
      .scored(0..<table.rows, of: TableSlice(table), randomness: nil, in: arena)
  }
}
