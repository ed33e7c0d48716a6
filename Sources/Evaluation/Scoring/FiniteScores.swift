import Tensors

// A NaN has no place in an order: counting what scores higher would give every target rank 1. Whoever ranks or predicts
// therefore looks at each score that might not be finite.
extension Tensor {
  /// Where the scores of a tile are not finite.
  /// - Parameter sessions: how many of the columns hold sessions.
  /// - Returns: for each session the first such row of this tile, nil for a session without one; nil where all scores
  ///   are finite.
  func rowsNotFinite(sessions: Int) -> [Int?]? {
    let elements = elements
    var found: [Int?]?
    for row in 0..<rows {
      for session in 0..<sessions where !elements[row * columns + session].isFinite {
        if found == nil { found = [Int?](repeating: nil, count: sessions) }
        if found?[session] == nil { found?[session] = row }
      }
    }
    return found
  }
}

/// Which sessions of a chunk have scores that are not finite.
struct ScoreCheck {
  /// The lowest such row of the catalogue, for each session; 0 where there is none.
  private(set) var rows: [Int32]
  /// Whether scores must be looked at.
  private let isNeeded: Bool

  /// - Parameters:
  ///   - largestScore: what no score exceeds in magnitude: see `CatalogueScorer`.
  ///   - sessions: of the chunk.
  init(largestScore: Float, sessions: Int) {
    rows = [Int32](repeating: 0, count: sessions)
    isNeeded = !(largestScore <= .greatestFiniteMagnitude)
  }

  /// Looks at the scores of a tile, where that is needed.
  /// - Parameter firstRow: the row of the catalogue that its first row is.
  mutating func look(at tile: Tensor, firstRow: Int) {
    guard isNeeded, let found = tile.rowsNotFinite(sessions: rows.count) else { return }
    for (session, row) in found.enumerated() where rows[session] == 0 {
      if let row { rows[session] = Int32(firstRow + row) }
    }
  }
}
