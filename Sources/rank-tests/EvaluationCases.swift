import Evaluation
import MPI
import Models
import Sessions

/// Evaluation and prediction shared over ranks: every rank count gives what one process alone gives.
var evaluationCases: [String: RankCase] {
  [
    "evaluate": { group in
      for count in [1, 256, 1_000] {
        let shop = EvaluationShop(sessions: count)
        func ranks(_ group: any ProcessGroup) throws -> [Int32] {
          try Evaluator(localeMask: shop.localeMask, shop.options, group: group).ranks(
            SessionModelScorer(shop.model), on: shop.sessions, selection: Array(0..<Int32(count)), split: "test")
        }
        try expectEqual(try ranks(group), try ranks(SoloGroup()), "ranks of \(count) sessions")
      }
    },
    "evaluate-metrics": { group in
      let shop = EvaluationShop(sessions: 1_000)
      func metrics(_ group: any ProcessGroup) throws -> [UInt8] {
        let evaluator = Evaluator(localeMask: shop.localeMask, shop.options, group: group)
        return Array(try evaluator.evaluate(shop.model, on: shop.sessions, split: "test").json())
      }
      try expectEqual(try metrics(group), try metrics(SoloGroup()), "metrics as JSON")
    },
    "predict": { group in
      for count in [1, 256, 1_000] {
        let shop = EvaluationShop(sessions: count)
        func items(_ group: any ProcessGroup) throws -> [Int32]? {
          var options = Predictor.Options()
          options.top = 20
          return try Predictor(localeMask: shop.localeMask, popular: shop.popular, options, group: group)
            .predict(shop.model, for: shop.sessions)?.items
        }
        let shared = try items(group)
        try expect((shared != nil) == (group.rank == 0), "rank 0 alone has predictions")
        if let shared { try expectEqual(shared, try items(SoloGroup()) ?? [], "predictions of \(count) sessions") }
      }
    },
    // One session in the second chunk, which another rank has, meets a score that is no number: every rank says so.
    "scores-not-finite": { group in
      for value in [Float.nan, .infinity, -.infinity] {
        let shop = EvaluationShop(sessions: 600)
        shop.model.parameters.itemTable.value.elements[700 * shop.model.parameters.itemTable.columns + 3] = value
        func expectNotFinite(_ work: () throws -> Void) throws {
          do {
            try work()
            throw CheckFailed("a score of \(value) was ranked")
          } catch EvaluationError.notFinite(let row, _, _, let session) {
            try expectEqual([row, session], [700, 0], "the first row and session")
          }
        }
        try expectNotFinite {
          _ = try Evaluator(localeMask: shop.localeMask, shop.options, group: group)
            .evaluate(shop.model, on: shop.sessions, split: "test")
        }
        try expectNotFinite {
          _ = try Predictor(
            localeMask: shop.localeMask, popular: shop.popular, Predictor.Options(), group: group
          ).predict(shop.model, for: shop.sessions)
        }
      }
    },
    "evaluate-unknown-targets": { group in
      let shop = EvaluationShop(sessions: 3)
      let open = SessionTable(sessions: [[1], [2]], targets: [3, 0], locales: [.es, .fr])
      do {
        _ = try Evaluator(localeMask: shop.localeMask, shop.options, group: group)
          .evaluate(shop.model, on: open, split: "test")
        throw CheckFailed("sessions without answers were evaluated")
      } catch let error as EvaluationError {
        try expect(error == .unknownTargets(split: "test", count: 1, of: 2, first: 1), "\(error) says why")
      }
    },
  ]
}

/// 1,300 items in six locales, an untrained GRU4Rec, and sessions.
private struct EvaluationShop {
  let model: GRU4Rec
  let localeMask: [UInt8]
  let popular: PopularItems
  let sessions: SessionTable
  let options: EvaluationOptions

  init(sessions count: Int) {
    let items = 1_300
    model = GRU4Rec(GRU4Rec.Options(), items: items)
    model.parameters.initialise(seed: 7)
    localeMask = (0...items).map { UInt8($0 * 37 % 64) }
    popular = PopularItems(trainCount: (0..<6 * (items + 1)).map { Int32($0 * 31 % 50) }, rows: items + 1)
    sessions = SessionTable(
      sessions: (0..<count).map { s in (0...s % 5).map { Int32((s * 101 + $0 * 17) % items + 1) } },
      targets: (0..<count).map { Int32($0 * 193 % items + 1) },
      locales: (0..<count).map { ShopLocale.allCases[$0 % 6] })
    var options = EvaluationOptions()
    options.candidates = .locale
    options.filterSeen = true
    self.options = options
  }
}
