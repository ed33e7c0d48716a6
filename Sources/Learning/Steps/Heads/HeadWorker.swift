import Catalogue
import Models
import Tensors

/// One thread's part of the catalogue head: its scratch memory, its compiled products, and what is done with a tile.
final class HeadWorker {
  /// The thread's number.
  let thread: Int
  private let table: TableSlice
  private let precision: Precision
  private let transform: RowTransform
  private let plans = MatmulPlans()
  private let arena = Arena()
  private var roundedRows: HalfTensor
  private var logits: Tensor
  private var roundedWeights: HalfTensor
  /// By how much a tile moves what was gathered before it, and its sums: a number for each session of a block.
  private var factors: Tensor
  private var terms: Tensor
  /// One tile of gradients for each level of the tree, where the right half of a subtree waits to be added, and one
  /// for the sum.
  private var halves: [Tensor] = []
  private var whole: Tensor

  /// - Parameter table: the rows that this rank holds.
  init(thread: Int, table: TableSlice, scoring: CatalogueScoring, precision: Precision) {
    self.thread = thread
    self.table = table
    self.precision = precision
    transform = scoring.rowTransform(width: table.values.columns)
    let none = arena.uninitialised(rows: 0, columns: 0)
    (logits, factors, terms, whole) = (none, none, none, none)
    roundedRows = arena.halves(rows: 0, columns: 0)
    roundedWeights = roundedRows
  }

  /// Makes room for a step.
  /// - Parameters:
  ///   - largestBlock: rows of the largest block.
  ///   - blocks: how many there are.
  func prepare(largestBlock: Int, blocks: Int) {
    arena.reset()
    let tile = Tensor.tileItems, width = table.values.columns
    logits = arena.uninitialised(rows: tile, columns: largestBlock)
    factors = arena.uninitialised(rows: 1, columns: largestBlock)
    terms = arena.uninitialised(rows: 1, columns: largestBlock)
    halves = (0..<Int.bitWidth - blocks.leadingZeroBitCount).map { _ in arena.uninitialised(rows: tile, columns: width)
    }
    whole = arena.uninitialised(rows: tile, columns: width)
    if precision == .bfloat16 {
      roundedRows = arena.halves(rows: tile, columns: width)
      roundedWeights = arena.halves(rows: tile, columns: largestBlock)
    }
  }

  /// The first walk: folds a tile into what its stripe has gathered for the sessions, and keeps the targets' logits.
  /// - Parameter isFirst: whether it is the first tile of the stripe, which holds nothing before it.
  func fold(
    _ tile: Range<Int>, isFirst: Bool, _ blocks: [HeadBlock], into stripe: StripeSums, randomness: DropoutKey?
  ) {
    let rows = scoredRows(tile, randomness)
    for block in blocks where !block.isEmpty {
      let scores = score(rows, block)
      for (row, place) in block.targets(in: tile) {
        block.targetLogits.base[place] = scores.base[(Int(row) - tile.lowerBound) * scores.columns + place]
      }
      let gradient = stripe.gradients.rows(block.first..<block.first + block.rows)
      let weights = weights(scores, block, stripe) {
        // Seldom: some reference was moved, and what was gathered before is told in powers of the new one.
        if !isFirst { gradient.scaleRows(by: factors.base) }
        return score(rows, block)
      }
      // A target's own term is p - 1 and not small: it is added by itself, in float32.
      weights.clear(block.targets(in: tile).lazy.map { (Int($0.row) - tile.lowerBound, $0.place) })
      plans.product(weights.operand, rows, transposeA: true, accumulate: !isFirst, into: gradient)
    }
  }

  /// The second walk: the gradient of a tile, added over blocks in the tree.
  /// - Parameter destination: `[tile.count, D]`.
  func gradient(
    of tile: Range<Int>, _ blocks: [HeadBlock], under subtree: Range<Int>, randomness: DropoutKey?,
    into destination: Tensor
  ) {
    let rows = scoredRows(tile, randomness)
    func add(_ some: Range<Int>, level: Int, into destination: Tensor) {
      guard some.count > 1 else {
        let block = blocks[some.lowerBound]
        guard !block.isEmpty else { return destination.elements.update(repeating: 0) }
        return plans.product(logitGradient(score(rows, block), tile, block), block.vectors, into: destination)
      }
      let middle = some.lowerBound + some.count / 2
      let right = halves[level].rows(0..<tile.count)
      add(some.lowerBound..<middle, level: level + 1, into: destination)
      add(middle..<some.upperBound, level: level + 1, into: right)
      destination.add(right)
    }
    add(subtree, level: 0, into: destination)
  }

  /// The same in memory that lasts until the next tile.
  func gradient(
    of tile: Range<Int>, _ blocks: [HeadBlock], under subtree: Range<Int>, randomness: DropoutKey?
  ) -> Tensor {
    let destination = whole.rows(0..<tile.count)
    gradient(of: tile, blocks, under: subtree, randomness: randomness, into: destination)
    return destination
  }

  /// Turns the gradient of scored rows into that of the table's, in place.
  func finish(_ gradient: Tensor, of rows: Range<Int>, _ randomness: DropoutKey?) {
    transform.backward(rows, of: table, randomness: randomness, gradient: gradient)
  }

  /// The rows of a tile as they are scored; they last until the next tile.
  private func scoredRows(_ tile: Range<Int>, _ randomness: DropoutKey?) -> Operand {
    let rows = transform.scored(tile, of: table, randomness: randomness)
    return precision == .float32 ? rows.operand : roundedRows.rounding(rows).operand
  }

  /// The logits of a tile for a block, `[items of the tile, sessions]`.
  private func score(_ rows: Operand, _ block: HeadBlock) -> Tensor {
    let scores = logits.reshaped(rows: rows.rows, columns: block.rows)
    plans.product(rows, block.transposed, into: scores)
    return scores
  }

  /// Turns a tile's logits into weights, 2^(logit · log₂e - reference), which are added to the sums.
  /// - Parameter scoreAgain: called once references were moved; `factors` is what their sessions' gradients are
  ///   multiplied with.
  private func weights(
    _ scores: Tensor, _ block: HeadBlock, _ stripe: StripeSums, scoreAgain: () -> Tensor
  ) -> TileWeights {
    let references = stripe.references + block.first, sums = stripe.sums + block.first
    let rounded = precision == .float32 ? nil : roundedWeights.reshaped(rows: scores.rows, columns: scores.columns)
    func fold(_ scores: Tensor, mayMove: Bool) -> Bool {
      scores.foldIntoWeights(
        reference: references, sum: sums, mayMove: mayMove, factor: factors.base, terms: terms.base, rounded: rounded)
    }
    if !fold(scores, mayMove: true) { _ = fold(scoreAgain(), mayMove: false) }
    return rounded.map(TileWeights.rounded) ?? .exact(scores)
  }

  /// d(loss)/d(logits): probabilities, minus 1 at the targets, times the sessions' scales.
  private func logitGradient(_ scores: Tensor, _ tile: Range<Int>, _ block: HeadBlock) -> Operand {
    let normalisers = block.log2Normalisers.base, scales = block.scales.base
    switch precision {
    case .float32:
      scores.becomeProbabilities(log2Normaliser: normalisers, scale: scales)
      for (row, place) in block.targets(in: tile) {
        scores.base[(Int(row) - tile.lowerBound) * scores.columns + place] = block.targetGradient(place)
      }
      return scores.operand
    case .bfloat16:
      let gradient = roundedWeights.reshaped(rows: scores.rows, columns: scores.columns)
      scores.writeProbabilities(log2Normaliser: normalisers, scale: scales, into: gradient)
      for (row, place) in block.targets(in: tile) {
        gradient[Int(row) - tile.lowerBound, place] = block.targetGradient(place)
      }
      return gradient.operand
    }
  }
}

/// The weights of a tile in either precision, `[items, sessions]`.
private enum TileWeights {
  case exact(Tensor)
  case rounded(HalfTensor)

  var operand: Operand {
    switch self {
    case .exact(let weights): weights.operand
    case .rounded(let weights): weights.operand
    }
  }

  /// Sets single weights to 0.
  func clear(_ places: some Sequence<(Int, Int)>) {
    for (row, column) in places {
      switch self {
      case .exact(let weights): weights.base[row * weights.columns + column] = 0
      case .rounded(let weights): weights[row, column] = 0
      }
    }
  }
}
