import Evaluation
import Foundation
import MPI
import Models
import Sessions
import Tensors
import Testing

@Suite struct BlendTests {
  private func chunk(of made: MadeUpCatalogue, _ sessions: Range<Int>) -> (RaggedBatch, [UInt16]) {
    var chunk = RaggedBatch()
    for session in sessions {
      chunk.append(made.sessions.items(of: session), target: made.sessions.targets[session], position: session)
    }
    return (chunk, sessions.map { made.sessions.locales[$0] })
  }

  /// `[rows][sessions]`, row 0 empty.
  private func allScores(_ scorer: any CatalogueScorer, sessions: Int) -> [[Float]] {
    [[]]
      + Tensor.tiles(ofTableWith: scorer.share.catalogueRows).flatMap { tile in
        let scores = scorer.scores(of: tile)
        return (0..<tile.count).map { row in (0..<sessions).map { scores.elements[row * scores.columns + $0] } }
      }
  }

  private func counts(_ made: MadeUpCatalogue) throws -> ItemCounts {
    try ItemCounts.count(
      .covisit, in: made.sessions, selection: Array(0..<Int32(made.sessions.count)), rows: made.rows, localeCount: 6,
      group: SoloGroup()
    )
  }

  @Test(arguments: [40, 512, 1_300]) func probabilitiesAreSoftmaxOverTheWholeCatalogue(items: Int) throws {
    let made = MadeUpCatalogue(items: items, width: 16, sessions: 100, seed: UInt64(items))
    let scorer = try SoftmaxScorer(SessionModelScorer(made.model))
    let (chunk, locales) = chunk(of: made, 0..<100)
    try scorer.begin(chunk, locales: locales)
    let found = allScores(scorer, sessions: 100)
    for session in 0..<100 {
      let vector = made.table[Int(chunk.items[chunk.clicks(of: session).lowerBound])]
      let logits = made.table.map { row in zip(row, vector).reduce(0.0) { $0 + Double($1.0 * $1.1) } }
      let sum = logits[1...].reduce(0) { $0 + exp($1) }
      for row in 1...items {
        let expected = exp(logits[row]) / sum
        #expect(abs(Double(found[row][session]) - expected) < 1e-5 * expected)
      }
    }
  }

  @Test func aBlendIsTheWeightedSum() throws {
    let made = MadeUpCatalogue(items: 1_300, width: 16, sessions: 200, seed: 9)
    let (chunk, locales) = chunk(of: made, 0..<200)
    let counts = try counts(made)
    let other = MadeUpCatalogue(items: 1_300, width: 16, sessions: 1, seed: 10).model
    func parts() throws -> [any CatalogueScorer] {
      try [
        SoftmaxScorer(SessionModelScorer(made.model)), counts.shareScorer(), SoftmaxScorer(SessionModelScorer(other)),
      ]
    }
    let weights: [Float] = [1, 0.3, 2]
    let blend = try BlendScorer(Array(zip(parts(), weights)).map { ($0, $1) })
    try blend.begin(chunk, locales: locales)
    let found = allScores(blend, sessions: 200)
    let apart = try parts().map { part in
      try part.begin(chunk, locales: locales)
      return allScores(part, sessions: 200)
    }
    for row in 1...1_300 {
      for session in 0..<200 {
        let expected = zip(apart, weights).reduce(Float(0)) { $0 + $1.1 * $1.0[row][session] }
        #expect(found[row][session] == expected)
      }
    }
    // A few rows at a time, in any order: the same bits.
    var numbers = Numbers(state: 3)
    let rows = (0..<400).map { _ in Int32.random(in: 1...1_300, using: &numbers) }
    let some = blend.scores(of: rows[...])
    for (place, row) in rows.enumerated() {
      let bits = (0..<200).map { some.elements[place * some.columns + $0].bitPattern }
      #expect(bits == found[Int(row)].map(\.bitPattern))
    }
  }

  @Test(arguments: [false, true]) func ranksOfABlendAreThoseOfSortingItsScores(filterSeen: Bool) throws {
    let made = MadeUpCatalogue(items: 700, width: 16, sessions: 300, seed: 11)
    let counts = try counts(made)
    let blend = try BlendScorer([
      (SoftmaxScorer(SessionModelScorer(made.model)), 1), (counts.shareScorer(), 0.5),
    ])
    for rule in rules {
      var options = EvaluationOptions()
      (options.candidates, options.filterSeen) = (rule, filterSeen)
      let ranks = try made.evaluator(options).ranks(
        blend, on: made.sessions, selection: Array(0..<300), split: "test")
      var predicting = Predictor.Options()
      (predicting.candidates, predicting.filterSeen, predicting.top) = (rule, filterSeen, 50)
      let predictions = try #require(try made.predictor(predicting).predict(blend, for: made.sessions))
      let candidates = try rule.candidates(made.products)
      for first in [0, 256] {
        let sessions = first..<min(first + 256, 300)
        let (chunk, locales) = chunk(of: made, sessions)
        try blend.begin(chunk, locales: locales)
        let scores = allScores(blend, sessions: sessions.count)
        for (column, session) in sessions.enumerated() {
          let allowed = candidates.allowed(forLocale: locales[column])
          let order = (Int32(1)...700).filter {
            candidates.contains($0, allowed: allowed) && !(filterSeen && made.sessions.items(of: session).contains($0))
          }.sorted {
            let (one, other) = (scores[Int($0)][column], scores[Int($1)][column])
            return one == other ? $0 < $1 : one > other
          }
          let place = order.firstIndex(of: made.sessions.targets[session])
          #expect(ranks[session] == Int32(place.map { $0 + 1 } ?? 0))
          #expect(Array(predictions.items(of: session)) == Array(order.prefix(50)))
        }
      }
    }
  }
}
