import Foundation
import Models
import Tensors

/// Cross-entropy over the whole catalogue, forwards and backwards, without a batch × items matrix.
///
/// The table is walked twice in tiles of `Tensor.tileItems` rows. The first walk keeps each session's maximum
/// and sum of exponentials (online softmax: Milakov and Gimelshein, arXiv:1805.02867); the second computes the
/// logits again, turns them into probabilities minus the one-hot target, and multiplies them into the gradients
/// of the session vectors and of the table. A tile's gradient is added over this rank's lanes in the fixed tree
/// while it is in the cache.
///
/// Scores by cosine walk scaled rows of the table instead, made tile by tile in the cache; all gradients gathered
/// are then those of the scaled rows, and `finishTableGradient` turns their sum over all lanes into the table's.
///
/// Not here: what other ranks computed (`GradientExchange`).
package final class CatalogueHead {
  /// What one lane brings, and what it takes home.
  package struct Lane {
    /// `[sessions, D]`; a session counts once for each of its targets.
    package let sessions: Tensor
    /// The table row of each vector's target.
    package let targets: [Int32]
    /// d(loss)/d(sessions), `[sessions, D]`: written by the head.
    package let gradient: Tensor

    package init(sessions: Tensor, targets: [Int32], gradient: Tensor) {
      self.sessions = sessions
      self.targets = targets
      self.gradient = gradient
    }
  }

  private let table: Tensor
  /// nil where the table's rows are scored as they are.
  private let cosine: CosineRows?
  private let tiles: [Range<Int>]
  private let plans = MatmulPlans()
  private let workspace: Arena

  /// - Parameter table: `[items + 1, D]`; row 0 is no candidate.
  package init(table: Tensor, scoring: CatalogueScoring = .dotProduct) {
    self.table = table
    cosine = scoring.cosineRows(width: table.columns)
    tiles = Tensor.tiles(ofTableWith: table.rows)
    workspace = Arena()
  }

  /// The losses of some lanes, and their gradients.
  /// - Parameters:
  ///   - lanes: in the order of the tree.
  ///   - subtrees: how the lanes are added up: aligned runs of `lanes`, each a power of two long.
  ///   - scale: what a session's loss counts for in the gradients: 1 / (sessions in the global batch).
  ///   - randomness: where dropout on the table is addressed.
  ///   - tableGradients: `[items + 1, D]` for each subtree; all rows but row 0 are overwritten. They want
  ///     `finishTableGradient` once all lanes are added.
  /// - Returns: for each lane the sum of its sessions' losses, in nats.
  package func lossesAndGradients(
    _ lanes: [Lane], subtrees: [Range<Int>], scale: Float, randomness: DropoutKey? = nil, tableGradients: [Tensor]
  ) -> [Double] {
    precondition(subtrees.count == tableGradients.count && subtrees.last?.upperBound ?? 0 == lanes.count)
    workspace.reset()
    let brought = lanes
    let lanes = brought.map(padded)
    let largest = lanes.map(\.sessions.rows).max() ?? 0
    let logits = workspace.uninitialised(rows: Tensor.tileItems, columns: largest)
    // One tile of gradients for each level of the tree, where the right half of a subtree waits to be added.
    let levels = (subtrees.map(\.count).max() ?? 1).trailingZeroBitCount
    let halves = (0..<levels).map { _ in workspace.uninitialised(rows: Tensor.tileItems, columns: table.columns) }

    let softmax = statistics(lanes, randomness: randomness, logits: logits)
    for lane in lanes { lane.gradient.elements.update(repeating: 0) }
    let scales = lanes.map { lane in
      (0..<lane.sessions.rows).map { $0 < lane.targets.count ? scale : 0 }
    }
    for tile in tiles {
      let rows = scoredRows(tile, randomness)
      /// The gradient of the tile, added over `lanes[some]` in the tree.
      func add(_ some: Range<Int>, level: Int, into destination: Tensor) {
        guard some.count > 1 else {
          return backward(
            lanes[some.lowerBound], tile, rows, softmax[some.lowerBound], scales: scales[some.lowerBound],
            logits: logits, into: destination)
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
    for (lane, own) in zip(lanes, brought) where lane.gradient.base != own.gradient.base {
      own.gradient.base.update(from: lane.gradient.base, count: own.gradient.count)
    }
    return softmax.map(\.loss)
  }

  /// The lane with its vectors filled up to a multiple of 16 by zeros, which have no targets and a scale of 0, so
  /// that they add exactly nothing. Numbers of targets differ from step to step, and a matrix product is compiled
  /// for each shape: so few shapes occur, and what a lane computes still depends on the lane alone.
  private func padded(_ lane: Lane) -> Lane {
    let count = lane.targets.count, rows = (count + 15) & ~15, width = lane.sessions.columns
    precondition(lane.sessions.rows == count, "\(lane.sessions.rows) vectors for \(count) targets")
    guard rows > count else { return lane }
    let sessions = workspace.zeros(rows: rows, columns: width)
    sessions.base.update(from: lane.sessions.base, count: count * width)
    return Lane(
      sessions: sessions, targets: lane.targets, gradient: workspace.uninitialised(rows: rows, columns: width))
  }

  /// Turns the gradient that all lanes have for scored rows into that of the table's rows, in place.
  ///
  /// This is linear in the gradient, so it is done once for the sum, by the rank that owns the rows.
  /// - Parameters:
  ///   - gradient: of `rows` of the table, added over all lanes of the batch.
  ///   - randomness: as in `lossesAndGradients`.
  package func finishTableGradient(_ gradient: Tensor, rows: Range<Int>, randomness: DropoutKey?) {
    cosine?.backward(rows, of: table, randomness: randomness, gradient: gradient)
  }

  /// The rows of a tile as they are scored; they last until the next tile.
  private func scoredRows(_ tile: Range<Int>, _ randomness: DropoutKey?) -> Tensor {
    cosine?.scored(tile, of: table, randomness: randomness) ?? table.rows(tile)
  }

  /// What the first walk learns of a lane.
  private struct Softmax {
    /// log Σ exp(logit) of each session, padding included.
    var logNormaliser: [Float]
    /// Σ over the sessions of log-normaliser - target's logit.
    var loss: Double
  }

  private func statistics(_ lanes: [Lane], randomness: DropoutKey?, logits: Tensor) -> [Softmax] {
    var maxima = lanes.map { [Float](repeating: -.infinity, count: $0.sessions.rows) }
    var sums = lanes.map { [Double](repeating: 0, count: $0.sessions.rows) }
    var targetLogits = lanes.map { [Float](repeating: 0, count: $0.targets.count) }
    let scratch = workspace.uninitialised(rows: 2, columns: logits.columns)
    for tile in tiles {
      let rows = scoredRows(tile, randomness)
      for (index, lane) in lanes.enumerated() where !lane.targets.isEmpty {
        let scores = score(rows, lane, in: logits)
        scores.foldSoftmaxStatistics(maximum: &maxima[index], sum: &sums[index], scratch: scratch)
        for (session, target) in lane.targets.enumerated() where tile.contains(Int(target)) {
          targetLogits[index][session] =
            scores.elements[(Int(target) - tile.lowerBound) * scores.columns + session]
        }
      }
    }
    return lanes.indices.map { lane in
      let normalisers = zip(maxima[lane], sums[lane]).map { Double($0) + log($1) }
      let loss = zip(normalisers, targetLogits[lane]).reduce(0) { $0 + $1.0 - Double($1.1) }
      return Softmax(logNormaliser: normalisers.map(Float.init), loss: loss)
    }
  }

  /// The logits of a tile for a lane, `[items of the tile, sessions]`.
  private func score(_ rows: Tensor, _ lane: Lane, in logits: Tensor) -> Tensor {
    let scores = logits.reshaped(rows: rows.rows, columns: lane.sessions.rows)
    plans.product(rows, lane.sessions, transposeB: true, into: scores)
    return scores
  }

  /// Adds a tile's share to the lane's gradient, and writes the lane's gradient of the tile.
  private func backward(
    _ lane: Lane, _ tile: Range<Int>, _ rows: Tensor, _ softmax: Softmax, scales: [Float], logits: Tensor,
    into destination: Tensor
  ) {
    guard !lane.targets.isEmpty else { return destination.elements.update(repeating: 0) }
    let scores = score(rows, lane, in: logits)
    scores.becomeProbabilities(logNormaliser: softmax.logNormaliser, scale: scales)
    for (session, target) in lane.targets.enumerated() where tile.contains(Int(target)) {
      scores.elements[(Int(target) - tile.lowerBound) * scores.columns + session] -= scales[session]
    }
    plans.product(scores, rows, transposeA: true, accumulate: true, into: lane.gradient)
    plans.product(scores, lane.sessions, into: destination)
  }
}
