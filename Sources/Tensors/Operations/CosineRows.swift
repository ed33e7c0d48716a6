import CKernels

extension Tape {
  /// Each row divided by its length: `[R, D]`.
  public func normalised(_ x: Variable) -> Variable {
    let rows = Int64(x.value.rows), width = Int64(x.value.columns)
    let y = arena.uninitialised(rows: x.value.rows, columns: x.value.columns)
    let inverseLength = arena.uninitialised(rows: x.value.rows, columns: 1)
    ck_normalise_rows(rows, width, x.value.base, 1, inverseLength.base, y.base)
    return record(y) { [arena] dy in
      let dx = arena.uninitialised(rows: dy.rows, columns: dy.columns)
      ck_normalise_rows_backward(rows, width, y.base, 1, inverseLength.base, dy.base, dx.base)
      x.accumulate(dx)
    }
  }
}

/// Rows of the item table as cosine scores see them: dropped elements zero, then scaled to the length
/// 1 / temperature, so that the product with a session vector of length 1 is cosine / temperature.
///
/// Which elements are dropped depends on the seed, the step, the row and the element, so that every lane and every
/// rank sees the same table.
package struct CosineRows {
  private let length: Float
  private let dropout: Float
  private let rowStorage: FloatStorage
  private let inverseLengths: FloatStorage
  private let width: Int

  /// No use of dropout in a model has this number.
  private static let site = UInt32.max

  /// - Parameters:
  ///   - dropout: the share of the table's elements that training drops.
  ///   - width: D.
  package init(temperature: Float, dropout: Float, width: Int) {
    precondition(temperature > 0, "temperature \(temperature)")
    length = 1 / temperature
    self.dropout = dropout
    self.width = width
    rowStorage = FloatStorage(count: Tensor.tileItems * width)
    inverseLengths = FloatStorage(count: Tensor.tileItems)
  }

  /// The scored form of some rows, at most a tile: `[rows.count, D]`. It lasts until the next call.
  /// - Parameter randomness: nil switches dropout off.
  package func scored(_ rows: Range<Int>, of table: TableSlice, randomness: DropoutKey?) -> Tensor {
    let scored = rowStorage.tensor(rows: rows.count, columns: width)
    score(rows, of: table, randomness: randomness, into: scored)
    return scored
  }

  /// The same for any number of rows, into `destination`, which may be their own memory.
  package func score(_ rows: Range<Int>, of table: TableSlice, randomness: DropoutKey?, into destination: Tensor) {
    for tile in tiles(of: rows) {
      let from = table.rows(tile)
      let to = destination.rows(tile.lowerBound - rows.lowerBound..<tile.upperBound - rows.lowerBound)
      let kept = drop(from, rows: tile, randomness: randomness, into: to) ? to : from
      ck_normalise_rows(Int64(tile.count), Int64(width), kept.base, length, inverseLengths.base, to.base)
    }
  }

  /// Turns the gradient of scored rows into that of the table's rows, in place.
  package func backward(_ rows: Range<Int>, of table: TableSlice, randomness: DropoutKey?, gradient: Tensor) {
    for tile in tiles(of: rows) {
      let scored = scored(tile, of: table, randomness: randomness)
      let part = gradient.rows(tile.lowerBound - rows.lowerBound..<tile.upperBound - rows.lowerBound)
      ck_normalise_rows_backward(
        Int64(tile.count), Int64(width), scored.base, length, inverseLengths.base, part.base, part.base)
      _ = drop(part, rows: tile, randomness: randomness, into: part)
    }
  }

  /// Whether there was anything to do.
  private func drop(_ x: Tensor, rows: Range<Int>, randomness: DropoutKey?, into y: Tensor) -> Bool {
    guard let randomness, dropout > 0 else { return false }
    ck_dropout_table_rows(
      Int64(rows.count), Int64(width), x.base, dropout, randomness.key, randomness.step, Self.site,
      UInt32(rows.lowerBound), y.base)
    return true
  }

  private func tiles(of rows: Range<Int>) -> [Range<Int>] {
    stride(from: rows.lowerBound, to: rows.upperBound, by: Tensor.tileItems).map {
      $0..<min($0 + Tensor.tileItems, rows.upperBound)
    }
  }
}
