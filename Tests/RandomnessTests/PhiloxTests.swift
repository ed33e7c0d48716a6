import CPhilox
import Randomness
import Testing

@Suite struct PhiloxTests {
  /// Random123's known answers for philox4x32 with 10 rounds.
  @Test func knownAnswers() {
    let zero = philox4x32(philox_block(word: (0, 0, 0, 0)), 0).word
    #expect([zero.0, zero.1, zero.2, zero.3] == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = philox4x32(philox_block(word: (.max, .max, .max, .max)), .max).word
    #expect([ones.0, ones.1, ones.2, ones.3] == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    let digits = philox_block(word: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344))
    let pi = philox4x32(digits, 0x299f_31d0_a409_3822).word
    #expect([pi.0, pi.1, pi.2, pi.3] == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test func permutationHoldsEveryNumberOnce() {
    var stream = RandomStream(seed: 7, purpose: .shuffle, index: 3)
    let order = stream.permutation(of: 1001)
    #expect(order.sorted() == Array(0..<1001))
    #expect(order != order.sorted())
    var again = RandomStream(seed: 7, purpose: .shuffle, index: 3)
    #expect(again.permutation(of: 1001) == order)
    var other = RandomStream(seed: 7, purpose: .shuffle, index: 4)
    #expect(other.permutation(of: 1001) != order)
  }

  @Test func boundedNumbersAreUniform() {
    var stream = RandomStream(seed: 1, purpose: .synthesis)
    var counts = [Int](repeating: 0, count: 6)
    for _ in 0..<60_000 { counts[Int(stream.below(6))] += 1 }
    // The standard deviation of each count is 91; five of them leave one failure in a million seeds.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 456 })
  }

  @Test func normalNumbersHaveMeanZeroAndVarianceOne() {
    var stream = RandomStream(seed: 2, purpose: .initialisation)
    let draws = (0..<40_000).map { _ in stream.normal() }
    let mean = draws.reduce(0, +) / 40_000
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 40_000
    #expect(abs(mean) < 0.025)  // five standard errors
    #expect(abs(variance - 1) < 0.036)
  }
}
