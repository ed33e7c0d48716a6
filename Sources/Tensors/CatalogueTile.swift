import CKernels
import Foundation

/// A tile of the catalogue's scores: `[items, sessions]`, so that the sessions lie side by side in a vector.
///
/// The head and the ranking walk the item table in such tiles; one is all of the score matrix that ever exists.
extension Tensor {
  /// How many items a tile holds: 512 rows of the table and their scores fit the second-level cache.
  package static let tileItems = 512

  /// The rows of an item table, tile by tile; row 0, the padding, is in none.
  package static func tiles(ofTableWith rows: Int) -> [Range<Int>] {
    stride(from: 1, to: rows, by: tileItems).map { $0..<min($0 + tileItems, rows) }
  }

  /// Folds this tile into each session's reference and its sum of 2^(logit · log₂e - reference), whose logarithm
  /// is `log2Normaliser`. References start at -infinity, sums at 0. A multiple of 16 sessions.
  package func foldSoftmax(reference: UnsafeMutablePointer<Float>, sum: UnsafeMutablePointer<Double>) {
    precondition(columns % 16 == 0, "\(columns) sessions")
    ck_softmax_fold(Int64(rows), Int64(columns), base, reference, sum)
  }

  /// The same, and turns the logits into the terms of those sums, here or, rounded, in `rounded`.
  /// - Parameters:
  ///   - mayMove: false for a second call with the same logits.
  ///   - factor, terms: room for as many numbers as there are sessions.
  /// - Returns: false where references were moved: nothing was added then, the logits are lost, and what was gathered
  ///   of terms before is to be multiplied with `factor`.
  package func foldIntoWeights(
    reference: UnsafeMutablePointer<Float>, sum: UnsafeMutablePointer<Double>, mayMove: Bool,
    factor: UnsafeMutablePointer<Float>, terms: UnsafeMutablePointer<Float>, rounded: HalfTensor?
  ) -> Bool {
    precondition(columns % 16 == 0, "\(columns) sessions")
    precondition(rounded.map { $0.rows == rows && $0.columns == columns } ?? true)
    return ck_softmax_weights(
      Int64(rows), Int64(columns), base, rounded?.base, reference, sum, mayMove, factor, terms)
  }

  /// log₂ Σ exp(logit), from what `foldSoftmax` leaves.
  package static func log2Normaliser(reference: Float, sum: Double) -> Double { Double(reference) + log2(sum) }

  /// Turns logits into scale · probabilities, in place. A multiple of 16 sessions.
  /// - Parameter scale: of each session.
  package func becomeProbabilities(log2Normaliser: UnsafePointer<Float>, scale: UnsafePointer<Float>) {
    precondition(columns % 16 == 0, "\(columns) sessions")
    ck_softmax_gradient(Int64(rows), Int64(columns), log2Normaliser, scale, base)
  }

  /// The same into `destination`, of this shape, rounded.
  package func writeProbabilities(
    log2Normaliser: UnsafePointer<Float>, scale: UnsafePointer<Float>, into destination: HalfTensor
  ) {
    precondition(columns % 16 == 0 && destination.rows == rows && destination.columns == columns)
    ck_softmax_gradient_bf16(Int64(rows), Int64(columns), log2Normaliser, scale, base, destination.base)
  }

  /// Adds to `above`, for each session, how many of this tile's candidates are ranked before its target. A multiple of
  /// 16 sessions.
  /// - Parameters:
  ///   - firstRow: the table row of the tile's first item.
  ///   - membership: a set of bits for every row of the table.
  ///   - allowed: a session's candidates are the rows that share a bit with this.
  package func countAbove(
    firstRow: Int, membership: [UInt8], allowed: [Int32], targetLogits: [Float], targets: [Int32],
    above: inout [Int32]
  ) {
    precondition(
      firstRow + rows <= membership.count && columns % 16 == 0
        && [allowed.count, targetLogits.count, targets.count, above.count]
          .allSatisfy { $0 == columns }
    )
    membership.withUnsafeBufferPointer { membership in
      ck_count_above(
        Int64(rows), Int64(columns), base, Int64(firstRow), membership.baseAddress! + firstRow, allowed,
        targetLogits, targets, &above)
    }
  }

  /// The candidates of this tile that score above their session's threshold.
  /// - Parameters:
  ///   - firstRow, membership, allowed: as for `countAbove`.
  ///   - places: room for `count` places.
  /// - Returns: their places among `elements`, in rising order: a part of `places`.
  package func collectAbove(
    firstRow: Int, membership: [UInt8], allowed: [Int32], thresholds: [Float], into places: inout [Int32]
  ) -> ArraySlice<Int32> {
    precondition(
      firstRow + rows <= membership.count && allowed.count == columns && thresholds.count == columns
        && places.count >= count)
    let found = membership.withUnsafeBufferPointer { membership in
      ck_collect_above(
        Int64(rows), Int64(columns), base, membership.baseAddress! + firstRow, allowed, thresholds, &places)
    }
    return places[..<Int(found)]
  }
}
