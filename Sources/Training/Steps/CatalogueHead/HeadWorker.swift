import Foundation
import Models
import Tensors

/// One thread's part of the catalogue head: its scratch memory, its compiled products, and what is done with a tile.
final class HeadWorker {
  private let table: Tensor
  private let precision: Precision
  private let transform: RowTransform
  private let plans = MatmulPlans()
  private let arena = Arena()
  private var roundedRows: HalfTensor
  private var logits: Tensor
  private var probabilities: HalfTensor
  /// One tile of gradients for each level of the tree, where the right half of a subtree waits to be added.
  private var halves: [Tensor] = []

  init(table: Tensor, scoring: CatalogueScoring, precision: Precision) {
    self.table = table
    self.precision = precision
    transform = scoring.rowTransform(width: table.columns)
    logits = arena.uninitialised(rows: 0, columns: 0)
    roundedRows = arena.halves(rows: 0, columns: 0)
    probabilities = roundedRows
  }

  /// Makes room for a step.
  /// - Parameters:
  ///   - largestLane: rows of the largest lane.
  ///   - levels: of the tree over the rank's lanes.
  func prepare(largestLane: Int, levels: Int) {
    arena.reset()
    let tile = Tensor.tileItems
    logits = arena.uninitialised(rows: tile, columns: largestLane)
    halves = (0..<levels).map { _ in arena.uninitialised(rows: tile, columns: table.columns) }
    if precision == .bfloat16 {
      roundedRows = arena.halves(rows: tile, columns: table.columns)
      probabilities = arena.halves(rows: tile, columns: largestLane)
    }
  }

  /// The first walk: folds a tile into the sessions' references and sums, and keeps the targets' logits.
  /// - Parameters:
  ///   - references, sums: of the sessions of all lanes.
  func fold(
    _ tile: Range<Int>, _ lanes: [HeadLane], randomness: DropoutKey?, references: UnsafeMutablePointer<Float>,
    sums: UnsafeMutablePointer<Double>
  ) {
    let rows = scoredRows(tile, randomness)
    for lane in lanes where !lane.isEmpty {
      let scores = score(rows, lane)
      scores.foldSoftmax(reference: references + lane.first, sum: sums + lane.first)
      for (row, session) in lane.targets(in: tile) {
        lane.targetLogits.base[session] = scores.base[(Int(row) - tile.lowerBound) * scores.columns + session]
      }
    }
  }

  /// The second walk: adds a tile's share to the gradients of the sessions, and writes that of the tile.
  /// - Parameters:
  ///   - sessionGradients: `[sessions of all lanes, D]`.
  ///   - tableGradients: the table's, one for each subtree.
  func backward(
    _ tile: Range<Int>, _ lanes: [HeadLane], subtrees: [Range<Int>], randomness: DropoutKey?,
    sessionGradients: Tensor, tableGradients: [Tensor]
  ) {
    let rows = scoredRows(tile, randomness)
    /// The gradient of the tile, added over `lanes[some]` in the tree.
    func add(_ some: Range<Int>, level: Int, into destination: Tensor) {
      guard some.count > 1 else {
        let lane = lanes[some.lowerBound]
        let gradient = sessionGradients.rows(lane.first..<lane.first + lane.rows)
        return backward(tile, rows, lane, sessionGradient: gradient, tileGradient: destination)
      }
      let middle = some.lowerBound + some.count / 2
      let right = halves[level].rows(0..<tile.count)
      add(some.lowerBound..<middle, level: level + 1, into: destination)
      add(middle..<some.upperBound, level: level + 1, into: right)
      destination.add(right)
    }
    for (subtree, gradient) in zip(subtrees, tableGradients) {
      add(subtree, level: 0, into: gradient.rows(tile))
    }
  }

  /// Turns the gradient of scored rows into that of the table's, in place.
  func finish(_ gradient: Tensor, of rows: Range<Int>, _ randomness: DropoutKey?) {
    transform.backward(rows, of: TableSlice(table), randomness: randomness, gradient: gradient)
  }

  private func backward(
    _ tile: Range<Int>, _ rows: Operand, _ lane: HeadLane, sessionGradient: Tensor, tileGradient: Tensor
  ) {
    guard !lane.isEmpty else { return tileGradient.elements.update(repeating: 0) }
    let gradient = logitGradient(score(rows, lane), tile, lane)
    plans.product(gradient, rows, transposeA: true, accumulate: true, into: sessionGradient)
    plans.product(gradient, lane.sessions, into: tileGradient)
  }

  /// The rows of a tile as they are scored; they last until the next tile.
  private func scoredRows(_ tile: Range<Int>, _ randomness: DropoutKey?) -> Operand {
    let rows = transform.scored(tile, of: TableSlice(table), randomness: randomness)
    return precision == .float32 ? rows.operand : roundedRows.rounding(rows).operand
  }

  /// The logits of a tile for a lane, `[items of the tile, sessions]`.
  private func score(_ rows: Operand, _ lane: HeadLane) -> Tensor {
    let scores = logits.reshaped(rows: rows.rows, columns: lane.rows)
    plans.product(rows, lane.transposed, into: scores)
    return scores
  }

  /// d(loss)/d(logits): probabilities, minus 1 at the targets, times the sessions' scales.
  private func logitGradient(_ scores: Tensor, _ tile: Range<Int>, _ lane: HeadLane) -> Operand {
    let normalisers = lane.log2Normalisers.base, scales = lane.scales.base
    func ofTarget(_ session: Int) -> Float {
      let power = Double(lane.targetLogits.base[session]) * M_LOG2E - Double(normalisers[session])
      return Float(exp2(power) - 1) * scales[session]
    }
    switch precision {
    case .float32:
      scores.becomeProbabilities(log2Normaliser: normalisers, scale: scales)
      for (row, session) in lane.targets(in: tile) {
        scores.base[(Int(row) - tile.lowerBound) * scores.columns + session] = ofTarget(session)
      }
      return scores.operand
    case .bfloat16:
      let gradient = HalfTensor(base: probabilities.base, rows: scores.rows, columns: scores.columns)
      scores.writeProbabilities(log2Normaliser: normalisers, scale: scales, into: gradient)
      for (row, session) in lane.targets(in: tile) {
        gradient[Int(row) - tile.lowerBound, session] = ofTarget(session)
      }
      return gradient.operand
    }
  }
}
