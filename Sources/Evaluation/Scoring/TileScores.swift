import Tensors

/// Memory of one thread for the scores of a tile: `[Tensor.tileItems, SessionChunks.size]`.
final class TileScores {
  let tile: Tensor
  private let storage = FloatStorage(count: Tensor.tileItems * SessionChunks.size)

  init() { tile = storage.tensor(rows: Tensor.tileItems, columns: SessionChunks.size) }
}

/// What one thread multiplies with: scores of rows of a table for the session vectors of a chunk.
///
/// Every product has the same shape, `[tileItems, D] · [D, chunk]`, be the rows a whole tile or a few: so the bits of a
/// score depend on its item and its session alone.
final class TileProducts {
  private let plans = MatmulPlans()
  private let scores = TileScores()
  private let gathered: Tensor
  private let storage: FloatStorage

  /// - Parameter width: D.
  init(width: Int) {
    storage = FloatStorage(count: Tensor.tileItems * width)
    gathered = storage.tensor(rows: Tensor.tileItems, columns: width)
  }

  /// The scores of a tile: `[rows.count, SessionChunks.size]`, valid until the next call.
  /// - Parameters:
  ///   - rows: all in `table`.
  ///   - vectors: `[D, SessionChunks.size]`.
  func scores(of rows: Range<Int>, in table: TableSlice, _ vectors: Tensor) -> Tensor {
    let tile = Tensor.tileItems
    guard table.values.rows >= tile else {
      gathered.base.update(from: table.values.base, count: table.values.count)
      return multiplied(gathered, vectors).rows(rows.lowerBound - table.first..<rows.upperBound - table.first)
    }
    // A tile that is not full reaches back into the rows before it.
    let first = min(rows.lowerBound, table.range.upperBound - tile)
    return multiplied(table.rows(first..<first + tile), vectors).rows(rows.lowerBound - first..<rows.upperBound - first)
  }

  /// The scores of single rows, likewise.
  func scores(of rows: ArraySlice<Int32>, in table: TableSlice, _ vectors: Tensor) -> Tensor {
    for (place, row) in rows.enumerated() {
      let row = table.rows(Int(row)..<Int(row) + 1)
      gathered.rows(place..<place + 1).base.update(from: row.base, count: row.count)
    }
    return multiplied(gathered, vectors).rows(0..<rows.count)
  }

  private func multiplied(_ rows: Tensor, _ vectors: Tensor) -> Tensor {
    plans.product(rows, vectors, into: scores.tile)
    return scores.tile
  }
}
