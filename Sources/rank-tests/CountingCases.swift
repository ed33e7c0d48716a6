import Catalogue
import Evaluation
import MPI
import Models
import Sessions
import Tensors

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
          let more = CountingShop(sessions: 50).sessions
          try expect(
            try shared.adding(transitionsWithin: more, group: group)
              == alone.adding(transitionsWithin: more, group: SoloGroup()), "\(model) with others' transitions")
        }
      }
    },
    // Every bit of what a rank would have ranked by.
    "hops": { group in
      let shop = CountingShop(sessions: 700)
      func bits(_ group: any ProcessGroup) throws -> [UInt32] {
        let scorer = try shop.count(.counts, group).rankingScorer()
        let chunk = SessionChunk(Array(0..<256)[...], of: shop.sessions)
        scorer.begin(SessionRound([chunk], holder: 0, of: 1), .init())
        return (1..<601).flatMap { row in
          let scores = scorer.scores(of: row..<row + 1, chunk: 0, thread: 0)
          return (0..<256).map { scores.elements[$0].bitPattern }
        }
      }
      let alone = try bits(SoloGroup())
      try expectEqual(try bits(group), alone, "bits of scores")
      try expect(Set(alone).count > 1_000, "there are scores")
    },
    "candidates": { group in
      let shop = CountingShop(sessions: 700)
      func bytes(_ group: any ProcessGroup, threads: Int) throws -> [UInt8] {
        let all = (table: shop.sessions, selection: Array(0..<Int32(700)))
        let members = [
          try shop.count(.counts, group).candidateMember(name: "counts", top: 30),
          try shop.count(.neighbours, group).candidateMember(name: "neighbours", top: 20),
        ]
        let popularity = try PopularityFeatures(training: all, ranked: all, rows: 601, localeCount: 6, group: group)
        let finder = try CandidateFinder(
          members, [popularity, NeighbourFeatures(training: all, ranked: all, rows: 601)], .all,
          CandidateTable(rows: 601), .amazon, filterSeen: true, team: ThreadTeam(count: threads), itemID: { "\($0)" },
          group: group)
        var text = try CandidateText(path: "rows.csv", isLabelled: true, locale: nil, itemID: { "\($0)" })
        text.features = finder.featureNames
        var bytes: [UInt8] = []
        let tally = try finder.find(for: shop.sessions, all.selection, split: "test", text) {
          bytes += Array($0)
        } progress: { _ in
        }
        try expectEqual([tally.sessions], [700], "sessions")
        return bytes
      }
      let alone = try bytes(SoloGroup(), threads: 1)
      try expect(alone.count > 1_000_000, "there are rows")
      for threads in [1, 3] {
        try expectEqual(try bytes(group, threads: threads), group.rank == 0 ? alone : [], "rows on rank \(group.rank)")
      }
    },
    "blend": { group in
      let shop = EvaluationShop(GRU4Rec.self, items: 2_000, sessions: 1_000)
      let other = EvaluationShop(CORE.self, items: 2_000, sessions: 1)
      func ranks(_ models: [ServedModel], _ group: any ProcessGroup) throws -> [Int32] {
        func counts(_ model: CountingModel) throws -> ItemCounts {
          try ItemCounts.count(
            model, in: shop.sessions, selection: shop.selection, rows: 2_001, localeCount: 6, group: group)
        }
        let scorer = BlendScorer([
          (try counts(.covisit).shareScorer(), 0.3), (SoftmaxScorer(SessionModelScorer(models[0])), 1),
          (SoftmaxScorer(SessionModelScorer(models[1])), 0.7), (try counts(.pop).shareScorer(), 2),
          (try counts(.counts).shareScorer(), 0.5),
        ])
        return try EvaluationShop.options.flatMap { options in
          try Evaluator(shop.products, shop.names, options, group: group).ranks(
            scorer, on: shop.sessions, selection: shop.selection, split: "test")
        }
      }
      let alone = try ranks([ServedModel(shop.model), ServedModel(other.model)], SoloGroup())
      for placement in TablePlacement.allCases {
        let models = [try shop.served(placement, group), try other.served(placement, group)]
        try expectEqual(try ranks(models, group), alone, "ranks of a blend, \(placement)")
      }
    },
    // What weights are searched on: every rank has its own sessions, and all have the same ranks of all.
    "blend-candidates": { group in
      let shop = EvaluationShop(GRU4Rec.self, items: 2_000, sessions: 1_000)
      func counts(_ group: any ProcessGroup) throws -> [Int] {
        let popular = try ItemCounts.count(
          .pop, in: shop.sessions, selection: shop.selection, rows: 2_001, localeCount: 6, group: group)
        let members: [any CatalogueScorer] = [
          SoftmaxScorer(SessionModelScorer(try ServedModel(shop.model))), popular.shareScorer(),
        ]
        return try EvaluationShop.options.flatMap { options in
          let found = try Evaluator(shop.products, shop.names, options, group: group).blendCandidates(
            members, on: shop.sessions, selection: shop.selection, depth: 50)
          var ranks = BlendPower.allCases.flatMap { found.taking($0).ranks([1, 0.3], upTo: 60) }
          try group.sum(&ranks)
          return ranks
        }
      }
      let alone = try counts(SoloGroup())
      try expectEqual(try counts(group), alone, "ranks of blends")
      try expect(alone.reduce(0, +) > 100, "there are ranks")
    },
    // The bits themselves: probabilities of single rows, from whichever rank has them.
    "probabilities": { group in
      let shop = EvaluationShop(GRU4Rec.self, items: 9_000, sessions: 256)
      func bits(_ served: ServedModel, holders: any ProcessGroup) throws -> [UInt32] {
        let scorer = SoftmaxScorer(SessionModelScorer(served))
        var chunk = RaggedBatch()
        for session in 0..<256 { chunk.append(shop.sessions.items(of: session), target: 0, position: session) }
        let full = SessionChunk(chunk, locales: Array(shop.sessions.locales))
        let none = SessionChunk(RaggedBatch(), locales: [])
        // The last of the holders encodes the sessions.
        let chunks = [SessionChunk](repeating: none, count: holders.size - 1) + [full]
        try scorer.begin(SessionRound(chunks, holder: holders.rank, of: holders.size), .init())
        var bits = [UInt32](repeating: 0, count: 9_001 * 256)
        for row in scorer.share.rows.filter({ $0 % 50 == 7 }) {
          let scores = scorer.scores(of: row..<row + 1, chunk: chunks.count - 1, thread: 0)
          for session in 0..<256 { bits[row * 256 + session] = scores.elements[session].bitPattern }
        }
        try holders.sum(&bits)
        return bits
      }
      let alone = try bits(ServedModel(shop.model), holders: SoloGroup())
      let sharded = try shop.served(.sharded, group)
      try expectEqual(try bits(sharded, holders: group), alone, "bits of probabilities")
      try expect(Set(alone).count > 1_000, "there are probabilities")
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
      model, in: sessions, selection: Array(0..<Int32(sessions.count)), rows: items + 1, localeCount: 6, group: group)
  }
}
