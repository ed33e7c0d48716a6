import Tensors

/// Scores the few items of a session that it has something to say of.
protocol SparseScorer: AnyObject {
  /// Makes ready for calls by so many threads at a time.
  func prepare(threads: Int)

  /// The scores for each session of a chunk.
  func scores(of chunk: SessionChunk, thread: Int) -> SparseScores
}

/// The scores of a few items for each session of a chunk, by item.
struct SparseScores {
  /// Scores as they are found, session by session.
  struct Collector {
    fileprivate var items: [Int32] = []
    fileprivate var entries: [Entry] = []

    /// - Parameter scores: in any order, one an item.
    mutating func add(_ scores: [(item: Int32, score: Float)], session: Int) {
      for (item, score) in scores {
        items.append(item)
        entries.append(Entry(session: Int32(session), score: score))
      }
    }
  }

  fileprivate struct Entry {
    /// The session's number in the chunk.
    var session: Int32
    var score: Float
  }

  /// By item.
  private var entries: [Entry]
  /// `[items + 1]`: where the entries of each row end. Those of row 0, of which there are none, do at 0.
  private var ends: [Int32]

  /// Sorts by counting: there are millions where sessions are scored by hops.
  /// - Parameter rows: of the catalogue, the padding row counted.
  init(_ found: Collector, rows: Int) {
    ends = [Int32](repeating: 0, count: rows + 1)
    entries = found.entries
    // Where each row begins stands one place behind it, and moves to its end as its entries are put there.
    for item in found.items { ends[Int(item) + 1] += 1 }
    for row in 0..<rows { ends[row + 1] += ends[row] }
    for (item, entry) in zip(found.items, found.entries) {
      entries[Int(ends[Int(item)])] = entry
      ends[Int(item)] += 1
    }
  }

  /// Overwrites the scores of those items that have one.
  /// - Parameter scores: `[rows.count, sessions]`.
  func write(_ rows: Range<Int>, into scores: Tensor) {
    for row in rows { write(row, to: scores, row - rows.lowerBound) }
  }

  /// Likewise for single items.
  func write(_ rows: ArraySlice<Int32>, into scores: Tensor) {
    for (place, row) in rows.enumerated() { write(Int(row), to: scores, place) }
  }

  private func write(_ row: Int, to scores: Tensor, _ place: Int) {
    let elements = scores.elements
    for entry in entries[Int(ends[row - 1])..<Int(ends[row])] {
      elements[place * scores.columns + Int(entry.session)] = entry.score
    }
  }
}
