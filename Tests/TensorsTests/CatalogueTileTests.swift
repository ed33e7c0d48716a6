import CKernels
import Foundation
import Tensors
import Testing

/// The arithmetic on a tile of logits, against the formulas in Float64.
@Suite struct CatalogueTileTests {
  /// Sixteen columns with logits that grow from tile to tile: more than a float's exponent can bridge.
  @Test(arguments: [0.0, 0.5, 90, 300, -300])
  func normalisersFollowLogitsThatGrow(rise: Double) {
    let arena = Arena()
    let tiles = (0..<3).map { tile in
      let logits = arena.zeros(rows: 40, columns: 16)
      for place in logits.elements.indices {
        logits.elements[place] = Float(sin(Double(place * (tile + 1))) * 5 + rise * Double(tile))
      }
      return logits
    }
    var references = [Float](repeating: -.infinity, count: 16), sums = [Double](repeating: 0, count: 16)
    for tile in tiles { tile.foldSoftmax(reference: &references, sum: &sums) }
    for session in 0..<16 {
      let logits = tiles.flatMap { tile in (0..<40).map { Double(tile.elements[$0 * 16 + session]) } }
      let highest = logits.max()!
      let expected = highest + log(logits.reduce(0) { $0 + exp($1 - highest) })
      let found = Tensor.log2Normaliser(reference: references[session], sum: sums[session]) * M_LN2
      // Exponents are rounded to floats: 2⁻²⁴ of the largest logit.
      #expect(abs(found - expected) < 1e-6 * max(1, abs(expected)), "\(found) for \(expected)")
    }
  }

  @Test func probabilitiesHaveTheirScale() {
    let arena = Arena()
    let logits = arena.zeros(rows: 3, columns: 16)
    for place in logits.elements.indices { logits.elements[place] = Float(place % 7) * 3 - 40 }
    let expected = logits.elements.map { 0.25 * exp(Double($0) + 30) }
    let rounded = arena.halves(rows: 3, columns: 16)
    let normalisers = [Float](repeating: Float(-30 * M_LOG2E), count: 16)
    let scales = [Float](repeating: 0.25, count: 16)
    logits.writeProbabilities(log2Normaliser: normalisers, scale: scales, into: rounded)
    logits.becomeProbabilities(log2Normaliser: normalisers, scale: scales)
    for (place, expected) in expected.enumerated() {
      #expect(abs(Double(logits.elements[place]) / expected - 1) < 5e-6)
      #expect(abs(Double(rounded[place / 16, place % 16]) / expected - 1) < 1.0 / 256)
    }
  }

  /// Far below the largest logit a probability is as good as zero, and still a normal number.
  @Test func tinyProbabilitiesStayNormal() {
    let arena = Arena()
    let logits = arena.zeros(rows: 1, columns: 16)
    logits.elements.update(repeating: -1e6)
    logits.becomeProbabilities(
      log2Normaliser: [Float](repeating: 0, count: 16), scale: [Float](repeating: 1e-3, count: 16))
    #expect(logits.elements.allSatisfy { $0.isNormal && $0 < 1e-30 })
  }

  /// Few different logits, so that most are equal to some target's: both zeros, the smallest number and its neighbours.
  /// Targets stand before the tile, in all of its rows, and behind it; the tile's rows are no multiple of 16.
  @Test(arguments: [1, 16, 37]) func whatComesBeforeATargetIsCounted(rows: Int) {
    let arena = Arena(), columns = 48, firstRow = 100
    let logits = arena.zeros(rows: rows, columns: columns)
    let values: [Float] = [
      -3, -1, -.leastNonzeroMagnitude, -0.0, 0, .leastNonzeroMagnitude, 1, Float(1).nextUp, .greatestFiniteMagnitude,
    ]
    for place in 0..<logits.count { logits.elements[place] = values[place * place % 83 % values.count] }
    let membership = (0..<firstRow + rows).map { UInt8(1 << ($0 * 7 % 5 % 3)) }
    let allowed = (0..<columns).map { Int32($0 % 8) }
    for shift in 0..<rows + 3 {
      let targets = (0..<columns).map { Int32(firstRow - 2 + (shift + $0) % (rows + 4)) }
      let targetLogits = (0..<columns).map { values[($0 + shift) % values.count] }
      var above = (0..<columns).map { Int32($0) }
      logits.countAbove(
        firstRow: firstRow, membership: membership, allowed: allowed, targetLogits: targetLogits, targets: targets,
        above: &above)
      for session in 0..<columns {
        let before = (0..<rows).filter { row in
          let logit = logits.elements[row * columns + session], target = targetLogits[session]
          let isBefore = logit > target || (logit == target && firstRow + row < targets[session])
          return isBefore && Int32(membership[firstRow + row]) & allowed[session] != 0
        }
        #expect(above[session] == Int32(session + before.count), "session \(session), target row \(targets[session])")
      }
    }
  }

  /// To the nearest, of two to the even one; 1 + 2⁻⁸ lies half-way between two bfloat16 numbers.
  @Test(arguments: [
    (Float(1), Float(1)), (1.00390625, 1), (1.01171875, 1.015625), (1.005, 1.0078125), (-3.14159, -3.140625), (0, 0),
    (0x1.01p-100, 0x1p-100),
  ])
  func bfloat16IsRounded(number: Float, expected: Float) {
    let arena = Arena()
    // Twenty elements: the vector body and its remainder.
    let x = arena.zeros(rows: 1, columns: 20)
    x.elements.update(repeating: number)
    let rounded = arena.halves(rows: 1, columns: 20).rounding(x)
    for column in 0..<20 { #expect(abs(rounded[0, column] - expected) <= abs(expected) * 1e-4) }
  }
}

/// Pieces of work on several threads.
@Suite struct ThreadTeamTests {
  @Test(arguments: [1, 2, 5])
  func everyPieceIsDoneOnce(threads: Int) {
    let team = ThreadTeam(count: threads)
    #expect(team.map(1000) { _, piece in piece * piece } == (0..<1000).map { $0 * $0 })
    #expect(team.map(1000) { thread, _ in thread }.allSatisfy { (0..<threads).contains($0) })
    #expect(team.map(0) { _, piece in piece }.isEmpty)
  }
}
