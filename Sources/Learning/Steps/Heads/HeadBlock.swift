import Foundation
import Tensors

/// A block of session vectors as the catalogue head multiplies it.
///
/// The vectors are filled up to a multiple of 16 by zeros, which have no targets and a scale of 0, so that they add
/// exactly nothing. Numbers of targets differ from step to step, and a matrix product is compiled for each shape: so
/// few shapes occur, and what a block's vectors become still depends on the block alone.
struct HeadBlock {
  /// The session vectors `[S, D]`, and the same transposed.
  let vectors: Operand
  let transposed: Operand
  /// S.
  let rows: Int
  /// Where the block's vectors begin among those of all blocks.
  let first: Int
  /// The vectors and their targets, by rising target: the table's row, and the vector's place in the block.
  private let targets: [(row: Int32, place: Int)]
  /// Of each vector, the target's logit: known once the catalogue was walked, on the rank that holds the row.
  let targetLogits: Tensor
  /// Of each vector, log₂ Σ exp(logit): known once the catalogue was walked.
  let log2Normalisers: Tensor
  /// Of each vector, what its loss counts for in the gradients.
  let scales: Tensor

  var isEmpty: Bool { targets.isEmpty }

  /// - Parameters:
  ///   - vectors: `[targets.count, D]`.
  ///   - targets: the table row of each vector's target.
  init(
    _ vectors: Tensor, targets: ArraySlice<Int32>, first: Int, scale: Float, precision: Precision, in arena: Arena
  ) {
    let count = targets.count, width = vectors.columns
    precondition(vectors.rows == count, "\(vectors.rows) vectors for \(count) targets")
    rows = Self.paddedRows(count)
    self.first = first
    self.targets = targets.enumerated().map { ($1, $0) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    let padded = arena.zeros(rows: rows, columns: width)
    padded.base.update(from: vectors.base, count: count * width)
    let turned = padded.transposed(in: arena)
    switch precision {
    case .float32: (self.vectors, transposed) = (padded.operand, turned.operand)
    case .bfloat16:
      let rounded = arena.halves(rows: rows, columns: width).rounding(padded)
      let turnedRounded = arena.halves(rows: width, columns: rows).rounding(turned)
      (self.vectors, transposed) = (rounded.operand, turnedRounded.operand)
    }
    targetLogits = arena.zeros(rows: 1, columns: rows)
    log2Normalisers = arena.zeros(rows: 1, columns: rows)
    scales = arena.zeros(rows: 1, columns: rows)
    scales.base.update(repeating: scale, count: count)
  }

  static func paddedRows(_ count: Int) -> Int { (count + 15) & ~15 }

  /// The targets among the rows of a tile, and their vectors.
  func targets(in tile: Range<Int>) -> ArraySlice<(row: Int32, place: Int)> {
    targets[lowerBound(Int32(tile.lowerBound))..<lowerBound(Int32(tile.upperBound))]
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

  /// d(loss)/d(logit of the target): its probability minus 1, times the scale.
  func targetGradient(_ place: Int) -> Float {
    let power = Double(targetLogits.base[place]) * M_LOG2E - Double(log2Normalisers.base[place])
    return Float(exp2(power) - 1) * scales.base[place]
  }
}
