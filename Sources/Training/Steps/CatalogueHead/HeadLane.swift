import Tensors

/// A lane as the catalogue head works on it.
///
/// The vectors are filled up to a multiple of 16 by zeros, which have no targets and a scale of 0, so that they add
/// exactly nothing. Numbers of targets differ from step to step, and a matrix product is compiled for each shape: so
/// few shapes occur, and what a lane computes still depends on the lane alone.
struct HeadLane {
  /// The session vectors `[S, D]`, and the same transposed.
  let sessions: Operand
  let transposed: Operand
  /// S.
  let rows: Int
  /// Where the lane's sessions begin among those of all lanes of the rank.
  let first: Int
  /// The sessions and their targets, by rising target.
  private let targets: [(row: Int32, session: Int)]
  /// Of each session, the target's logit: known once the catalogue was walked.
  let targetLogits: Tensor
  /// Of each session, log₂ Σ exp(logit): likewise.
  let log2Normalisers: Tensor
  /// Of each session, what its loss counts for in the gradients.
  let scales: Tensor

  var targetCount: Int { targets.count }
  var isEmpty: Bool { targets.isEmpty }

  init(_ lane: CatalogueHead.Lane, first: Int, scale: Float, precision: Precision, in arena: Arena) {
    let count = lane.targets.count, width = lane.sessions.columns
    precondition(lane.sessions.rows == count, "\(lane.sessions.rows) vectors for \(count) targets")
    rows = Self.paddedRows(count)
    self.first = first
    targets = lane.targets.enumerated().map { ($1, $0) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    let padded = arena.zeros(rows: rows, columns: width)
    padded.base.update(from: lane.sessions.base, count: count * width)
    let turned = padded.transposed(in: arena)
    switch precision {
    case .float32: (sessions, transposed) = (padded.operand, turned.operand)
    case .bfloat16:
      let rounded = arena.halves(rows: rows, columns: width).rounding(padded)
      let turnedRounded = arena.halves(rows: width, columns: rows).rounding(turned)
      (sessions, transposed) = (rounded.operand, turnedRounded.operand)
    }
    targetLogits = arena.zeros(rows: 1, columns: rows)
    log2Normalisers = arena.zeros(rows: 1, columns: rows)
    scales = arena.zeros(rows: 1, columns: rows)
    scales.base.update(repeating: scale, count: count)
  }

  static func paddedRows(_ count: Int) -> Int { (count + 15) & ~15 }

  /// The targets among the rows of a tile, and their sessions.
  func targets(in tile: Range<Int>) -> ArraySlice<(row: Int32, session: Int)> {
    let first = lowerBound(Int32(tile.lowerBound)), end = lowerBound(Int32(tile.upperBound))
    return targets[first..<end]
  }

  /// How many targets have a row below `row`.
  private func lowerBound(_ row: Int32) -> Int {
    var low = 0, high = targets.count
    while low < high {
      let middle = (low + high) / 2
      if targets[middle].row < row { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
