import Catalogue
import Evaluation
import MPI
import Models
import Sessions

/// Many locales, sessions without one among them: ranked in groups, counted in a sparse matrix, the same on any number of
/// ranks.
var localeCases: [String: RankCase] {
  [
    "locales-ranked": { group in
      for shop in [ManyLocales(locales: 20, sessions: 1_500), ManyLocales(locales: 0, sessions: 300)] {
        var options = EvaluationOptions(), asking = Predictor.Options()
        (options.candidates, asking.candidates, asking.top) = (.locale, .locale, 15)
        func figures(_ served: ServedModel, _ group: any ProcessGroup) throws -> [UInt8] {
          let evaluator = try Evaluator(shop.products, shop.names, options, group: group)
          return Array(try evaluator.evaluate(served, on: shop.sessions, split: "test").json())
        }
        func items(_ served: ServedModel, _ group: any ProcessGroup) throws -> [Int32]? {
          try Predictor(shop.products, shop.names, asking, group: group)
            .predict(SessionModelScorer(served), for: shop.asked)?.items
        }
        let alone = try ServedModel(shop.catalogue.model)
        let (figuresAlone, itemsAlone) = (try figures(alone, SoloGroup()), try items(alone, SoloGroup()) ?? [])
        for placement in TablePlacement.allCases {
          let served = try shop.catalogue.served(placement, group)
          try expectEqual(try figures(served, group), figuresAlone, "figures of \(shop.names.count), \(placement)")
          let shared = try items(served, group)
          try expect((shared != nil) == (group.rank == 0), "rank 0 alone has predictions")
          if let shared { try expectEqual(shared, itemsAlone, "lists of \(shop.names.count), \(placement)") }
        }
      }
    },
    "locales-counted": withEveryCallLimit { group in
      for locales in [0, 1, 5, 300] {
        let shop = ManyLocales(locales: locales, sessions: 400)
        func counts(_ group: any ProcessGroup) throws -> ItemCounts {
          try ItemCounts.count(
            .covisit, in: shop.sessions, selection: Array(0..<400), rows: 1_301, localeCount: locales, group: group)
        }
        try expect(try counts(group) == counts(SoloGroup()), "counts in \(locales) locales")
      }
    },
    "locales-sent": withEveryCallLimit { group in
      let sessions = ManyLocales(locales: 300, sessions: 200).sessions
      let sent = try SessionTable.broadcast(group.rank == 0 ? sessions : nil, group: group)
      try expectEqual(Array(sent.locales), Array(sessions.locales), "codes of 16 bits")
    },
  ]
}

private struct ManyLocales {
  let catalogue: EvaluationShop
  let names: LocaleNames
  let products: CandidateTable
  let sessions: SessionTable
  /// Likewise, some of them without clicks.
  let asked: SessionTable

  /// - Parameter locales: how many; every ninth session has none.
  init(locales: Int, sessions count: Int) {
    catalogue = EvaluationShop(GRU4Rec.self, items: 1_300, sessions: count)
    names = LocaleNames((0..<locales).map { "shop-\($0)" })
    let seen = (0..<locales).map { shop in (Int32(1)...1_300).filter { Int($0) * 37 % (shop + 2) < 2 } }
    products = CandidateTable(rows: 1_301, seen: seen)
    let codes = (0..<count).map { $0 % 9 == 4 || locales == 0 ? LocaleNames.none : UInt16($0 * 31 % locales) }
    let plain = catalogue.sessions, targets = Array(plain.targets)
    let clicks = (0..<count).map { [Int32](plain.items(of: $0)) }
    sessions = SessionTable(sessions: clicks, targets: targets, locales: codes)
    let some = clicks.enumerated().map { $0 % 5 == 2 ? [] : $1 }
    asked = SessionTable(sessions: some, targets: targets, locales: codes)
  }
}
