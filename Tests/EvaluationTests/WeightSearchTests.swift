import Evaluation
import MPI
import Tensors
import Testing

@Suite struct WeightSearchTests {
  /// A blend's worth that is highest at certain weights beside the first member's 1.
  private func value(_ weights: [Float], bestAt best: [Float]) -> Double {
    if weights[0] == 0 { return -1_000 + Double(weights.reduce(0, +)) / 1_000 }
    return -zip(weights, best).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
  }

  @Test func theBestOfTheRoundNumbersIsFound() {
    let best = WeightSearch.best([nil, nil, nil]) { value($0, bestAt: [1, 0.3, 7]) }
    #expect(best == [1, 0.3, 7])
  }

  @Test func weightsThatAreGivenStay() {
    #expect(WeightSearch.best([0.5, nil, 2]) { value($0, bestAt: [1, 0.3, 7]) } == [0.5, 0.3, 2])
    #expect(WeightSearch.best([0.5, 3]) { value($0, bestAt: [1, 0.3]) } == [0.5, 3])
  }

  /// What adds nothing gets nothing, and the member that is best alone is what others are weighed against.
  @Test func aBlendIsNoWorseThanItsBestMember() {
    let worth: ([Float]) -> Double = { Double($0[1] / max($0[0] + $0[1], 1)) }
    #expect(WeightSearch.best([nil, nil], worth) == [0, 1])
    // Of equally good ones the first.
    #expect(WeightSearch.best([nil, nil]) { $0[0] + $0[1] > 0 ? 1 : 0 } == [1, 0])
  }

  @Test func ranksAreThoseOfTheBlendItself() throws {
    let made = MadeUpCatalogue(items: 600, width: 16, sessions: 300, seed: 21)
    let other = MadeUpCatalogue(items: 600, width: 16, sessions: 1, seed: 22).model
    let counts = try ItemCounts.count(
      .covisit, in: made.sessions, selection: Array(0..<300), rows: made.rows, localeCount: 6, group: SoloGroup())
    func members() throws -> [any CatalogueScorer] {
      try [
        SoftmaxScorer(SessionModelScorer(made.model)), counts.shareScorer(), SoftmaxScorer(SessionModelScorer(other)),
      ]
    }
    for (rule, filterSeen) in [(CandidateRule.all, false), (.locale, true)] {
      var options = EvaluationOptions()
      (options.candidates, options.filterSeen) = (rule, filterSeen)
      let evaluator = try made.evaluator(options, threads: 2)
      // Lists as long as the catalogue leave nothing out.
      let found = try evaluator.blendCandidates(
        members(), on: made.sessions, selection: Array(0..<300), depth: 1_000)
      #expect(found.count == 300)
      for weights in [[1, 0, 0], [1, 0.3, 2], [0, 0, 1], [0.01, 5, 0.7]] as [[Float]] {
        let blend = BlendScorer(zip(try members(), weights).map { ($0, $1) })
        let ranks = try evaluator.ranks(blend, on: made.sessions, selection: Array(0..<300), split: "test")
        var expected = [Int](repeating: 0, count: 101)
        for rank in ranks where (1...100).contains(rank) { expected[Int(rank)] += 1 }
        #expect(found.ranks(weights, upTo: 100) == expected)
      }
      // Short lists have those that any member has near its top, where it matters: a rank within them is the rank.
      let short = try evaluator.blendCandidates(
        members(), on: made.sessions, selection: Array(0..<300), depth: 20)
      #expect(short.ranks([0, 0, 1], upTo: 20) == found.ranks([0, 0, 1], upTo: 20))
    }
  }
}
