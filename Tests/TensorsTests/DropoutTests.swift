import CKernels
import CPhilox
import Tensors
import Testing

/// What dropout drops goes by seed, step and the place in the global batch, never by company.
@Suite struct DropoutTests {
  private let arena = Arena()

  private func tape(step: Int) -> Tape {
    Tape(arena: arena, gradients: nil, randomness: DropoutKey(seed: 1, step: step))
  }

  private func ones(_ rows: Int, _ columns: Int) -> Variable {
    let tensor = arena.uninitialised(rows: rows, columns: columns)
    tensor.elements.update(repeating: 1)
    return Variable(tensor)
  }

  @Test func clicksAreDroppedByTheirAddress() {
    func kept(_ sessions: [Int32], _ times: [Int32], step: Int = 0) -> [Float] {
      self.tape(step: step).dropout(ones(sessions.count, 20), rate: 0.25, sessions: sessions, times: times).value.array
    }
    let both = kept([4, 5], [0, 1])
    #expect(Set(both) == [0, 1 / 0.75])
    #expect(Array(both[20...]) == kept([5], [1]))
    #expect(kept([5], [1]) != kept([5], [2]))
    #expect(kept([5], [1]) != kept([6], [1]))
    #expect(kept([5], [1]) != kept([5], [1], step: 1))
    let tape = self.tape(step: 0), x = ones(1, 20)
    let first = tape.dropout(x, rate: 0.25, sessions: [5], times: [1]).value.array
    let second = tape.dropout(x, rate: 0.25, sessions: [5], times: [1]).value.array
    #expect(first != second, "each use of dropout has numbers of its own")
  }

  @Test func attentionIsDroppedByTheSessionsPosition() {
    func mixed(_ sessions: [Int32], _ offsets: [Int32]) -> [Float] {
      let x = ones(Int(offsets.last!), 2)
      return self.tape(step: 2).causalAttention(
        queries: x, keys: x, values: x, heads: 2, offsets: offsets, dropout: 0.5, sessions: sessions
      ).value.array
    }
    let together = mixed([4, 5], [0, 6, 14])
    #expect(Array(together[12...]) == mixed([5], [0, 8]), "company does not matter")
    #expect(Array(together[..<12]) != mixed([9], [0, 6]), "the position does")
    let heads = mixed([4], [0, 6])
    #expect(stride(from: 0, to: 12, by: 2).map { heads[$0] } != stride(from: 1, to: 12, by: 2).map { heads[$0] })
    // Kept shares are doubled: over many pairs the sum of probabilities is 1 in the mean. It is a mean of 2,400
    // numbers of variance 1 at most: its deviation is 0.02.
    let many = mixed((0..<200).map { $0 }, (0...200).map { $0 * 6 })
    #expect(abs(many.reduce(0, +) / Float(many.count) - 1) < 0.08)
  }

  /// Sixteen blocks of random numbers are drawn at a time: the same as one after the other.
  @Test(arguments: [1, 4, 18, 64, 70])
  func everyElementGoesByItsOwnNumber(width: Int) {
    let sessions: [Int32] = [7, 0, 123_456], times: [Int32] = [0, 49, 3], rate: Float = 0.3
    let ones = [Float](repeating: 1, count: 3 * width), blocks = (width + 3) / 4
    var found = ones, ofTable = ones
    ck_dropout(3, Int64(width), ones, rate, 77, 5, 2, sessions, times, &found)
    ck_dropout_table_rows(3, Int64(width), ones, rate, 77, 5, .max, 37, &ofTable)
    func isKept(_ block: Int, _ row: UInt32, _ site: UInt32, _ word: Int) -> Bool {
      let drawn = philox4x32(philox_block(word: (UInt32(block), row, 5, site)), 77).word
      return philox_unit_float([drawn.0, drawn.1, drawn.2, drawn.3][word]) >= rate
    }
    for row in 0..<3 {
      for column in 0..<width {
        let block = Int(times[row]) * blocks + column / 4, place = row * width + column
        #expect((found[place] > 0) == isKept(block, UInt32(sessions[row]), 2, column % 4))
        #expect((ofTable[place] > 0) == isKept(column / 4, UInt32(37 + row), .max, column % 4))
      }
    }
    #expect(Set(found).isSubset(of: [0, 1 / (1 - rate)]))
  }
}
