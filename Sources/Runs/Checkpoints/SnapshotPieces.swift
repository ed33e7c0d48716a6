/// The pieces of a snapshot's tables in the order in which they are written. Every rank knows all of it, and so whose
/// turn it is.
package struct SnapshotPieces: Sequence, IteratorProtocol {
  /// A part of what one rank has of a table.
  package struct Piece: Equatable {
    package let table: Int
    package let owner: Int
    /// Of the owner's elements.
    package let elements: Range<Int>
  }

  /// Floats of a piece: so few that one more or less is nothing to a step of a few milliseconds.
  package static let pieceCount = 1 << 16

  /// How many elements come from each rank, by table.
  private let counts: [[Int]]
  private let pieceCount: Int
  private var table = 0
  private var owner = 0
  private var start = 0

  package init(counts: [[Int]], pieceCount: Int = Self.pieceCount) {
    self.counts = counts
    self.pieceCount = pieceCount
  }

  package mutating func next() -> Piece? {
    while table < counts.count {
      if owner == counts[table].count {
        (table, owner) = (table + 1, 0)
      } else if start == counts[table][owner] {
        (owner, start) = (owner + 1, 0)
      } else {
        let end = Swift.min(start + pieceCount, counts[table][owner])
        defer { start = end }
        return Piece(table: table, owner: owner, elements: start..<end)
      }
    }
    return nil
  }

  /// Whether all have been handed out.
  package var isAtEnd: Bool {
    var ahead = self
    return ahead.next() == nil
  }
}
