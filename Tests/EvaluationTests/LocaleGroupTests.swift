import Evaluation
import MPI
import Models
import Sessions
import Testing

/// Ranking by locale where there are more locales than bits, and where there are none, against sorting.
@Suite struct LocaleGroupTests {
  /// Items by locale, as one would write them down, and the same as a table.
  private struct Shop {
    let made: MadeUpCatalogue
    let locales: [UInt16]
    let seen: [Set<Int32>]
    let names: LocaleNames
    let products: CandidateTable

    /// - Parameter locales: how many; every ninth session has none.
    init(locales count: Int, sessions: Int, seed: UInt64) throws {
      made = MadeUpCatalogue(items: 300, width: 8, sessions: sessions, seed: seed)
      var numbers = Numbers(state: seed)
      locales = (0..<sessions).map { $0 % 9 == 4 || count == 0 ? LocaleNames.none : UInt16($0 * 31 % count) }
      seen = (0..<count).map { _ in Set((0..<80).map { _ in Int32.random(in: 1...300, using: &numbers) }) }
      names = LocaleNames((0..<count).map { "shop-\($0)" })
      products = CandidateTable(rows: 301, seen: seen.map { $0.sorted() })
    }

    var table: SessionTable {
      SessionTable(
        sessions: (0..<made.sessions.count).map { Array(made.sessions.items(of: $0)) },
        targets: Array(made.sessions.targets), locales: locales)
    }

    func sorted(_ session: Int, _ rule: CandidateRule) -> [Int32] {
      made.sorted(session, .all, filterSeen: false).filter { item in
        switch rule {
        case .all: true
        case .locale: locales[session] == LocaleNames.none || seen[Int(locales[session])].contains(item)
        case .locales(let list): list.contains { seen[Int(names.code(of: $0)!)].contains(item) }
        }
      }
    }
  }

  @Test(arguments: [0, 1, 7, 8, 20, 150])
  func ranksAndListsAreThoseOfSorting(locales: Int) throws {
    let shop = try Shop(locales: locales, sessions: 600, seed: UInt64(locales) + 1)
    let lists: [CandidateRule] = locales < 8 ? [] : [.locales((0..<8).map { "shop-\($0)" })]
    for rule in [.all, .locale] + lists {
      var options = EvaluationOptions()
      options.candidates = rule
      let ranks = try Evaluator(shop.products, shop.names, options, group: SoloGroup()).ranks(
        SessionModelScorer(shop.made.model), on: shop.table, selection: Array(0..<600), split: "test")
      var asking = Predictor.Options()
      (asking.candidates, asking.top) = (rule, 20)
      let predictions = try #require(
        try Predictor(shop.products, shop.names, asking, group: SoloGroup()).predict(shop.made.model, for: shop.table))
      for session in 0..<600 {
        let order = shop.sorted(session, rule)
        let place = order.firstIndex(of: shop.made.sessions.targets[session])
        #expect(ranks[session] == Int32(place.map { $0 + 1 } ?? 0), "session \(session), \(rule)")
        #expect(Array(predictions.items(of: session)) == Array(order.prefix(20)), "session \(session), \(rule)")
      }
    }
  }

  @Test func progressReachesTheEndOverAllGroups() throws {
    let shop = try Shop(locales: 20, sessions: 600, seed: 3)
    var options = EvaluationOptions(), calls: [[Int]] = []
    options.candidates = .locale
    let metrics = try Evaluator(shop.products, shop.names, options, group: SoloGroup())
      .evaluate(shop.made.model, on: shop.table, split: "test") { calls.append([$0, $1]) }
    #expect(calls.count == 3 && calls.last == [600, 600] && calls.allSatisfy { $0[1] == 600 })
    #expect(metrics.localeSessions.count == 20 && metrics.localeSessions.values.reduce(0, +) < 600)
    let lines = metrics.table(of: shop.names).split(separator: "\n")
    #expect(lines.count == 15 && lines[13].hasPrefix("8 more") && lines[14].hasPrefix("all"))
  }

  @Test func withoutLocalesFiguresSayNothingOfThem() throws {
    let metrics = RankingMetrics(
      split: "test", ranks: [1, 2], locales: [.max, .max], names: LocaleNames([]), cutoffs: [10])
    #expect(try !String(decoding: metrics.json(), as: UTF8.self).contains("locale"))
    #expect(!metrics.table(of: LocaleNames([])).contains("locale"))
  }

  /// Counts by locale in a sparse matrix rank like a dictionary sorted.
  @Test(arguments: [CountingModel.pop, .covisit], [0, 3, 40])
  func countingRanksBySorting(model: CountingModel, locales: Int) throws {
    let shop = try Shop(locales: locales, sessions: 500, seed: 8), train = shop.table
    let counts = try ItemCounts.count(
      model, in: train, selection: Array(0..<500), rows: 301, localeCount: locales, group: SoloGroup())
    var own: [[Int]: Int] = [:], overall: [Int32: Int] = [:], followed: [[Int32]: Int] = [:]
    for session in 0..<500 {
      let clicks = Array(train.items(of: session)) + [train.targets[session]]
      for item in clicks {
        own[[Int(shop.locales[session]), Int(item)], default: 0] += 1
        overall[item, default: 0] += 1
      }
      if model == .covisit {
        for (item, next) in zip(clicks, clicks.dropFirst()) { followed[[item, next], default: 0] += 1 }
      }
    }
    let ranks = try Evaluator(shop.products, shop.names, EvaluationOptions(), group: SoloGroup()).ranks(
      counts.rankingScorer(), on: train, selection: Array(0..<500), split: "test")
    for session in stride(from: 0, to: 500, by: 7) {
      let code = shop.locales[session], last = train.items(of: session).last!
      func key(_ item: Int32) -> [Int] {
        let here = code == LocaleNames.none ? 0 : own[[Int(code), Int(item)], default: 0]
        return [-followed[[last, item], default: 0], -here, -overall[item, default: 0], Int(item)]
      }
      let order = (Int32(1)...300).map(key).sorted { $0.lexicographicallyPrecedes($1) }
      #expect(ranks[session] == Int32(order.firstIndex { $0[3] == Int(train.targets[session]) }! + 1))
    }
  }

  /// A checkpoint's counts are of use to a data set with other locales, in another order.
  @Test func countsAreRenumberedByName() throws {
    let table = SessionTable(sessions: [[1], [2], [3], [3]], targets: [2, 2, 1, 1], locales: [0, 1, 2, .max])
    let counted = try ItemPopularity.count(
      in: table, selection: [0, 1, 2, 3], rows: 4, localeCount: 3, group: SoloGroup())
    let old = LocaleNames(["a", "b", "c"]), new = LocaleNames(["c", "x", "a"])
    let again = counted.renumbered(from: old, to: new)
    // c, x, a, and without: b's and those that had none.
    #expect(again.offsets == [0, 2, 2, 4, 7] && again.items == [1, 3, 1, 2, 1, 2, 3])
    #expect(again.counts == [1, 1, 1, 1, 1, 2, 1] && again.overall() == counted.overall())
    #expect(counted.renumbered(from: old, to: old) == counted)
  }
}
