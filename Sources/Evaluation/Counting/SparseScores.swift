import Tensors

/// The scores of a few items for each session of a chunk, by item.
struct SparseScores {
  struct Entry {
    let row: Int32
    /// The session's number in the chunk.
    let session: Int
    let score: Float
  }

  private let entries: [Entry]

  /// - Parameter entries: in any order, one an item and session.
  init(_ entries: [Entry] = []) { self.entries = entries.sorted { $0.row < $1.row } }

  /// Overwrites the scores of those items that have one.
  /// - Parameter scores: `[rows.count, sessions]`.
  func write(_ rows: Range<Int>, into scores: Tensor) {
    let elements = scores.elements
    for entry in entries[firstEntry(from: rows.lowerBound)..<firstEntry(from: rows.upperBound)] {
      elements[(Int(entry.row) - rows.lowerBound) * scores.columns + entry.session] = entry.score
    }
  }

  /// Likewise for single items.
  func write(_ rows: ArraySlice<Int32>, into scores: Tensor) {
    let elements = scores.elements
    for (place, row) in rows.enumerated() {
      for entry in entries[firstEntry(from: Int(row))..<firstEntry(from: Int(row) + 1)] {
        elements[place * scores.columns + entry.session] = entry.score
      }
    }
  }

  /// The first entry of `row` or of one behind it.
  private func firstEntry(from row: Int) -> Int {
    var low = 0, high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if Int(entries[middle].row) < row { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
