import Evaluation
import MPI
import Models
import Sessions
import Tensors
import Testing

/// POP and COVISIT against the plainest means: dictionaries and sorting.
@Suite struct CountingTests {
  /// Forty items, so that pairs and ties are frequent; two of the six locales have no training sessions.
  private func shop(seed: UInt64, sessions: Int = 200) -> (train: SessionTable, test: SessionTable, CandidateTable) {
    let made = MadeUpCatalogue(items: 40, width: 3, sessions: sessions, seed: seed)
    let asked = MadeUpCatalogue(items: 40, width: 3, sessions: 300, seed: seed + 1)
    let locales = (0..<sessions).map { [ShopLocale.uk, .de, .es, .it][$0 % 4] }
    let clicks = (0..<sessions).map { Array(made.sessions.items(of: $0)) }
    let train = SessionTable(sessions: clicks, targets: Array(made.sessions.targets), locales: locales)
    return (train, asked.sessions, made.products)
  }

  private func count(_ model: CountingModel, _ train: SessionTable, selection: [Int32]? = nil) throws -> ItemCounts {
    try ItemCounts.count(
      model, in: train, selection: selection ?? Array(0..<Int32(train.count)), rows: 41, localeCount: 6,
      group: SoloGroup())
  }

  /// Transitions as a dictionary.
  private func transitions(
    _ sessions: SessionTable, _ model: CountingModel = .covisit, includesTargets: Bool,
    into counts: inout [[Int32]: Int64]
  ) {
    for session in 0..<sessions.count {
      let clicks = Array(sessions.items(of: session)) + (includesTargets ? [sessions.targets[session]] : [])
      for (place, item) in clicks.enumerated() {
        for (other, next) in clicks.enumerated() where other != place {
          let distance = Int32(other - place)
          if model == .covisit, distance == 1 { counts[[item, next], default: 0] += 1 }
          if model == .neighbours, abs(distance) <= 6 {
            counts[[item, next], default: 0] += Int64(3600 / (distance * distance))
          }
        }
      }
    }
  }

  private func occurrences(_ sessions: SessionTable) -> [[Int64]] {
    var counts = [[Int64]](repeating: [Int64](repeating: 0, count: 41), count: 6)
    for session in 0..<sessions.count {
      for item in Array(sessions.items(of: session)) + [sessions.targets[session]] {
        counts[Int(sessions.locales[session])][Int(item)] += 1
      }
    }
    return counts
  }

  @Test(arguments: [CountingModel.covisit, .neighbours], [false, true])
  func transitionsAreThoseOfADictionary(model: CountingModel, includesTargets: Bool) throws {
    let train = shop(seed: 1).train
    let counted = try TransitionCounts.count(
      #require(TransitionRule(model)), in: train, selection: Array(0..<Int32(train.count)),
      includesTargets: includesTargets, rows: 41,
      group: SoloGroup())
    var expected: [[Int32]: Int64] = [:]
    transitions(train, model, includesTargets: includesTargets, into: &expected)
    var found: [[Int32]: Int64] = [:]
    for item in Int32(0)...40 {
      let followers = counted.followers(of: item)
      #expect(Array(counted.next[followers]) == counted.next[followers].sorted())
      for place in followers { found[[item, counted.next[place]]] = counted.counts[place] }
    }
    #expect(found == expected && counted.next.count == expected.count)
    #expect(counted.adding(counted).counts == counted.counts.map { 2 * $0 })
  }

  /// More transitions than are sorted at a time, in runs that overlap.
  @Test func manyTransitionsAreCountedInRuns() throws {
    var numbers = Numbers(state: 5)
    var expected = [Int64](repeating: 0, count: 101 * 101)
    let sessions = (0..<50_000).map { _ in (0..<51).map { _ in Int32.random(in: 1...100, using: &numbers) } }
    for clicks in sessions {
      for place in 1..<clicks.count { expected[Int(clicks[place - 1]) * 101 + Int(clicks[place])] += 1 }
    }
    let table = SessionTable(
      sessions: sessions, targets: [Int32](repeating: 0, count: 50_000), locales: .init(repeating: .es, count: 50_000))
    let counted = try TransitionCounts.count(
      .next, in: table, selection: Array(0..<50_000), includesTargets: true, rows: 101, group: SoloGroup())
    var found = [Int64](repeating: 0, count: 101 * 101)
    for item in Int32(1)...100 {
      for place in counted.followers(of: item) {
        found[Int(item) * 101 + Int(counted.next[place])] = counted.counts[place]
      }
    }
    #expect(found == expected)
  }

  @Test func onlySelectedSessionsCount() throws {
    let train = shop(seed: 2).train
    let some = train.sessions(in: [ShopLocale.es.code])
    let counted = try count(.pop, train, selection: some)
    #expect(counted.transitions == nil)
    let expected = occurrences(train)[3]
    #expect(Array(counted.popularity.dense[(3 * 41)..<(4 * 41)]) == expected)
    #expect(counted.popularity.counts.reduce(0, +) == expected.reduce(0, +))
  }

  @Test(arguments: [CountingModel.pop, .covisit, .neighbours], [false, true])
  func ranksAreThoseOfSorting(model: CountingModel, isTransductive: Bool) throws {
    let (train, test, products) = shop(seed: 3)
    var counted = try count(model, train)
    var followed: [[Int32]: Int64] = [:]
    if model != .pop { transitions(train, model, includesTargets: true, into: &followed) }
    if isTransductive {
      counted = try counted.adding(transitionsWithin: test, group: SoloGroup())
      if model != .pop { transitions(test, model, includesTargets: false, into: &followed) }
    }
    let popular = occurrences(train)
    for rule in rules {
      for filterSeen in [false, true] {
        var options = EvaluationOptions()
        (options.candidates, options.filterSeen) = (rule, filterSeen)
        let ranks = try Evaluator(products, .amazon, options, group: SoloGroup()).ranks(
          counted.rankingScorer(), on: test, selection: Array(0..<Int32(test.count)), split: "test")
        for session in 0..<test.count {
          let last = test.items(of: session).last!, locale = Int(test.locales[session])
          let candidates = try rule.candidates(products)
          let allowed = candidates.allowed(forLocale: test.locales[session])
          /// What items are sorted by.
          func key(_ item: Int32) -> [Int64] {
            let overall = popular.reduce(Int64(0)) { $0 + $1[Int(item)] }
            return [-(followed[[last, item]] ?? 0), -popular[locale][Int(item)], -overall, Int64(item)]
          }
          let kept = (Int32(1)...40).filter { item in
            candidates.contains(item, allowed: allowed) && !(filterSeen && test.items(of: session).contains(item))
          }
          let order = kept.map(key).sorted { $0.lexicographicallyPrecedes($1) }
          let place = order.firstIndex { $0[3] == Int64(test.targets[session]) }
          #expect(ranks[session] == Int32(place.map { $0 + 1 } ?? 0), "session \(session), \(rule), \(filterSeen)")
        }
      }
    }
  }

  /// 6,000 sessions of one item fifty times count 3600 / distance² for 3 · 10⁷ pairs of the item with itself.
  @Test func countsDoNotEndAt32Bits() throws {
    let count = 6_000
    let table = SessionTable(
      sessions: .init(repeating: .init(repeating: 1, count: 50), count: count),
      targets: .init(repeating: 1, count: count),
      locales: .init(repeating: .es, count: count))
    let counted = try ItemCounts.count(
      .neighbours, in: table, selection: Array(0..<Int32(count)), rows: 3, localeCount: 6, group: SoloGroup())
    var pairs: Int64 = 0
    for distance: Int64 in 1...6 { pairs += 2 * (51 - distance) * (3600 / (distance * distance)) }
    #expect(counted.transitions?.counts == [Int64(count) * pairs] && Int64(count) * pairs > Int64(Int32.max))
    var chunk = RaggedBatch()
    chunk.append([1], target: 0, position: 0)
    for scorer in [counted.rankingScorer(), counted.shareScorer()] {
      try scorer.begin(chunk, locales: [3])
      let scores = scorer.scores(of: 1..<3)
      #expect(scores.elements[0] > scores.elements[scores.columns] && scores.elements[0].isFinite)
    }
  }

  @Test func sharesAreOfAllThatFollowed() throws {
    // After 1 came 2 three times and 3 once; ES saw 2 three times, 1 four times, 3 once.
    let train = SessionTable(
      sessions: [[1], [1], [1, 2], [1]], targets: [2, 2, 5, 3], locales: [.es, .es, .uk, .es])
    var chunk = RaggedBatch()
    chunk.append([4, 1], target: 0, position: 0)
    chunk.append([3], target: 0, position: 1)
    func shares(_ model: CountingModel) throws -> [[Float]] {
      let scorer = try count(model, train).shareScorer()
      try scorer.begin(chunk, locales: [3, 3])
      let scores = scorer.scores(of: 1..<6)
      return (0..<2).map { session in (0..<5).map { scores.elements[$0 * scores.columns + session] } }
    }
    #expect(try shares(.covisit) == [[0, 0.6, 0.2, 0, 0], [0, 0, 0, 0, 0]])
    let popular: [Float] = [3.0 / 7, 2.0 / 7, 1.0 / 7, 0, 0]
    #expect(try shares(.pop) == [popular, popular])
  }
}
