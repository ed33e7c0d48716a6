/// What turns rows of an item table into those that session vectors are multiplied with.
package enum RowTransform {
  /// Rows are scored as they are.
  case identity
  case cosine(CosineRows)

  /// The scored form of some rows, at most a tile: `[rows.count, D]`. It lasts until the next call.
  /// - Parameter randomness: nil switches dropout off.
  package func scored(_ rows: Range<Int>, of table: TableSlice, randomness: DropoutKey?) -> Tensor {
    switch self {
    case .identity: table.rows(rows)
    case .cosine(let cosine): cosine.scored(rows, of: table, randomness: randomness)
    }
  }

  /// The scored form of any number of rows, in `arena` where it is another one.
  package func scored(_ rows: Range<Int>, of table: TableSlice, randomness: DropoutKey?, in arena: Arena) -> Tensor {
    guard case .cosine(let cosine) = self else { return table.rows(rows) }
    let scored = arena.uninitialised(rows: rows.count, columns: table.values.columns)
    cosine.score(rows, of: table, randomness: randomness, into: scored)
    return scored
  }

  /// The scored form of single rows, in place.
  /// - Parameters:
  ///   - values: `[numbers.count, D]`: the rows as they are in the table.
  ///   - numbers: the rows' numbers.
  package func score(_ values: Tensor, numbers: [Int32], randomness: DropoutKey?) {
    guard case .cosine(let cosine) = self else { return }
    for (place, number) in numbers.enumerated() {
      let row = TableSlice(values.rows(place..<place + 1), first: Int(number))
      cosine.score(row.range, of: row, randomness: randomness, into: row.values)
    }
  }

  /// Turns the gradient of scored rows into that of the table's rows, in place.
  package func backward(_ rows: Range<Int>, of table: TableSlice, randomness: DropoutKey?, gradient: Tensor) {
    guard case .cosine(let cosine) = self else { return }
    cosine.backward(rows, of: table, randomness: randomness, gradient: gradient)
  }
}
