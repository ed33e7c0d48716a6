import Foundation
import Tensors

/// The session vectors of a step that some ranks multiply with the catalogue together: in blocks, each filled up, one
/// behind the other; and where each lane's are among them.
struct HeadBlocks {
  let blocks: [HeadBlock]
  /// Vectors of all blocks, filled up.
  let rows: Int
  /// log₂ Σ exp(logit) of each vector: known once the catalogue was walked.
  private(set) var log2Normalisers: [Double] = []

  private let step: HeadStep
  private let batch: BatchLayout
  private let numbers: Range<Int>

  /// - Parameters:
  ///   - vectors: of the lanes of the blocks `numbers`: `[targets, D]`.
  init(
    _ vectors: Tensor, _ step: HeadStep, _ batch: BatchLayout, _ numbers: Range<Int>, precision: Precision,
    in arena: Arena
  ) {
    let before = step.targets.places(ofLanes: batch.lanes(ofBlock: numbers.lowerBound)).lowerBound
    var rows = 0
    blocks = numbers.map { block in
      let places = step.targets.places(ofLanes: batch.lanes(ofBlock: block))
      defer { rows += HeadBlock.paddedRows(places.count) }
      return HeadBlock(
        vectors.rows(places.lowerBound - before..<places.upperBound - before), targets: step.targets.rows[places],
        first: rows, scale: step.scale, precision: precision, in: arena)
    }
    self.rows = rows
    self.step = step
    self.batch = batch
    self.numbers = numbers
  }

  var largest: Int { blocks.map(\.rows).max() ?? 0 }

  /// What each vector's loss counts for in the gradients.
  var scales: [Float] { blocks.flatMap { $0.scales.elements } }

  /// Of each vector the logit of its target, as far as this rank knows it.
  var targetLogits: [Float] { blocks.flatMap { $0.targetLogits.elements } }

  /// Takes in what the ranks that walked the catalogue found out together.
  mutating func complete(log2Normalisers: [Double], targetLogits: [Float]) {
    self.log2Normalisers = log2Normalisers
    for block in blocks {
      for place in 0..<block.rows {
        block.targetLogits.base[place] = targetLogits[block.first + place]
        block.log2Normalisers.base[place] = Float(log2Normalisers[block.first + place])
      }
    }
  }

  /// The sum of the losses of a lane, in nats.
  func loss(ofLane lane: Int) -> Double {
    let (block, places) = places(ofLane: lane)
    return places.reduce(0.0) {
      $0 + log2Normalisers[block.first + $1] * M_LN2 - Double(block.targetLogits.base[$1])
    }
  }

  /// d(loss)/d(logit of the target) of some lanes' vectors.
  func targetGradients(ofLanes lanes: Range<Int>) -> [Float] {
    lanes.flatMap { lane in
      let (block, places) = places(ofLane: lane)
      return places.map(block.targetGradient)
    }
  }

  /// Where a lane's vectors begin among those of all blocks.
  func firstPlace(ofLane lane: Int) -> Int {
    let (block, places) = places(ofLane: lane)
    return block.first + places.lowerBound
  }

  /// Some lanes' rows side by side, without those that fill up blocks.
  /// - Parameter rows: a row for each vector of all blocks from `firstPlace` of the first lane on.
  func withoutFilling(_ rows: Tensor, ofLanes lanes: Range<Int>, in arena: Arena) -> Tensor {
    let before = firstPlace(ofLane: lanes.lowerBound)
    let joined = arena.uninitialised(
      rows: step.targets.places(ofLanes: lanes).count, columns: rows.columns)
    var next = 0
    for lane in lanes {
      let first = firstPlace(ofLane: lane) - before, count = step.targets.places(ofLanes: lane..<lane + 1).count
      let own = rows.rows(first..<first + count)
      joined.rows(next..<next + count).base.update(from: own.base, count: own.count)
      next += count
    }
    return joined
  }

  /// A lane's block, and its vectors there.
  private func places(ofLane lane: Int) -> (block: HeadBlock, places: Range<Int>) {
    let number = lane / batch.lanesOfBlock
    let before = step.targets.places(ofLanes: batch.lanes(ofBlock: number)).lowerBound
    let own = step.targets.places(ofLanes: lane..<lane + 1)
    return (blocks[number - numbers.lowerBound], own.lowerBound - before..<own.upperBound - before)
  }
}
