import Evaluation
import MPI
import Models
import Sessions

/// Counting and blending shared over ranks: every rank count gives what one process alone gives.
var countingCases: [String: RankCase] {
  [
    "count": withEveryCallLimit { group in
      // Fewer sessions than ranks, and more.
      for sessions in [1, 3, 700] {
        let shop = CountingShop(sessions: sessions)
        for model in CountingModel.allCases {
          let shared = try shop.count(model, group), alone = try shop.count(model, SoloGroup())
          try expectEqual(shared.popularity.counts, alone.popularity.counts, "\(model) of \(sessions) sessions")
          try expect(shared == alone, "\(model) of \(sessions) sessions has the same transitions")
        }
      }
    },
    "blend": { group in
      let shop = CountingShop(sessions: 1_000)
      func ranks(_ group: any ProcessGroup) throws -> [Int32] {
        let weights = GRU4Rec(GRU4Rec.Options(), items: shop.items)
        weights.parameters.initialise(seed: 7)
        let scorer = BlendScorer([
          (SoftmaxScorer(SessionModelScorer(weights)), 1), (try shop.count(.covisit, group).shareScorer(), 0.3),
          (try shop.count(.pop, group).shareScorer(), 2),
        ])
        var options = EvaluationOptions()
        options.filterSeen = true
        return try Evaluator(localeMask: [UInt8](repeating: 63, count: shop.items + 1), options, group: group).ranks(
          scorer, on: shop.sessions, selection: Array(0..<1_000), split: "test")
      }
      try expectEqual(try ranks(group), try ranks(SoloGroup()), "ranks of a blend")
    },
  ]
}

/// Sessions over 600 items, most of them over a few.
private struct CountingShop {
  let items = 600
  let sessions: SessionTable

  init(sessions count: Int) {
    func item(_ number: Int) -> Int32 { Int32(number % 3 == 0 ? number % 600 : number % 11) + 1 }
    sessions = SessionTable(
      sessions: (0..<count).map { s in (0...s % 7).map { item(s * 101 + $0 * 17) } },
      targets: (0..<count).map { item($0 * 193) }, locales: (0..<count).map { ShopLocale.allCases[$0 % 6] })
  }

  func count(_ model: CountingModel, _ group: any ProcessGroup) throws -> ItemCounts {
    try ItemCounts.count(
      model, in: sessions, selection: Array(0..<Int32(sessions.count)), rows: items + 1, group: group)
  }
}
