import Catalogue
import Evaluation
import MPI
import Sessions
import Tensors
import Testing

@Suite struct RankingTests {
  @Test(arguments: sizes)
  func countingFindsTheRankThatSortingFinds(items: Int, width: Int, sessions: Int) throws {
    let made = MadeUpCatalogue(items: items, width: width, sessions: sessions, seed: UInt64(items))
    for rule in rules {
      for filterSeen in [false, true] {
        var options = EvaluationOptions()
        options.candidates = rule
        options.filterSeen = filterSeen
        let ranks = try made.evaluator(options).ranks(
          SessionModelScorer(made.model), on: made.sessions, selection: Array(0..<Int32(sessions)), split: "test")
        let expected = (0..<sessions).map { made.rank($0, rule, filterSeen: filterSeen) }
        #expect(ranks == expected, "\(items) items, candidates \(rule), filter \(filterSeen)")
      }
    }
  }

  @Test(arguments: sizes)
  func predictionIsTheHeadOfTheSortedCandidates(items: Int, width: Int, sessions: Int) throws {
    let made = MadeUpCatalogue(items: items, width: width, sessions: sessions, seed: UInt64(items) + 7)
    for rule in rules {
      for (filterSeen, top) in [(false, min(items, 100)), (true, min(items, 7)), (true, items)] {
        var options = Predictor.Options()
        options.candidates = rule
        options.filterSeen = filterSeen
        options.top = top
        // One item is not seen in every locale.
        if items == 1, case .locales = rule {
          #expect(throws: EvaluationError.noProducts(locales: ["ES", "FR"])) { try made.predictor(options) }
          continue
        }
        let predictor = try made.predictor(options)
        let predictions = try #require(try predictor.predict(made.model, for: made.sessions))
        #expect(predictions.count == sessions)
        for session in 0..<sessions {
          let expected = made.sorted(session, rule, filterSeen: filterSeen).prefix(top)
          #expect(Array(predictions.items(of: session)) == Array(expected))
        }
      }
    }
  }

  /// What ranking by comparison rests on: the same bits for a row alone, and in any place of any tile.
  @Test(arguments: [1, 10, 16, 37, 64, 100, 128, 200])
  func aScoreHasTheSameBitsWhicheverWayItIsAskedFor(width: Int) throws {
    for items in [300, 1_100] {
      var numbers = Numbers(state: UInt64(width))
      let table = (0...items).map { _ in (0..<width).map { _ in Float.random(in: -1...1, using: &numbers) } }
      let scorer = try SessionModelScorer(FirstItemModel(table: table))
      var chunk = RaggedBatch()
      for session in 0..<200 { chunk.append([Int32(session % items + 1)], target: 1, position: session) }
      try scorer.begin(chunk, locales: [UInt16](repeating: 3, count: chunk.count))
      var all: [[UInt32]] = [[]]
      for tile in Tensor.tiles(ofTableWith: items + 1) {
        let scores = scorer.scores(of: tile)
        for row in 0..<tile.count {
          all.append((0..<200).map { scores.elements[row * scores.columns + $0].bitPattern })
        }
      }
      for _ in 0..<8 {
        let rows = (0..<512).map { _ in Int32.random(in: 1...Int32(items), using: &numbers) }
        let scores = scorer.scores(of: rows[...])
        for (place, row) in rows.enumerated() {
          let bits = (0..<200).map { scores.elements[place * scores.columns + $0].bitPattern }
          #expect(bits == all[Int(row)], "row \(row) in place \(place), width \(width)")
        }
      }
    }
  }

  @Test func aSelectionOfSessionsIsRankedAsAmongAll() throws {
    let made = MadeUpCatalogue(items: 600, width: 16, sessions: 400, seed: 3)
    let evaluator = try made.evaluator()
    let scorer = try SessionModelScorer(made.model)
    let selection = made.sessions.sessions(in: [ShopLocale.es.code, ShopLocale.it.code])
    let all = try evaluator.ranks(
      scorer, on: made.sessions, selection: Array(0..<400), split: "test")
    let some = try evaluator.ranks(scorer, on: made.sessions, selection: selection, split: "test")
    #expect(some == selection.map { all[Int($0)] })
    let metrics = try evaluator.evaluate(made.model, on: made.sessions, selection: selection, split: "test")
    #expect(Set(metrics.locales.keys) == ["ES", "IT"])
  }

  /// Each thread ranks chunks with memory of its own.
  @Test func threadsChangeNoRank() throws {
    let made = MadeUpCatalogue(items: 700, width: 8, sessions: 1500, seed: 9)
    func ranks(threads: Int) throws -> [Int32] {
      try made.evaluator(threads: threads).ranks(
        SessionModelScorer(made.model), on: made.sessions, selection: Array(0..<1500), split: "test")
    }
    let alone = try ranks(threads: 1)
    #expect(Set(alone).count > 100)
    for threads in [2, 3, 8] { #expect(try ranks(threads: threads) == alone, "\(threads) threads") }
  }

  /// The model has no memory for its table: rows are fetched from whoever holds them, here one rank.
  @Test(arguments: sizes)
  func aShardedTableIsRankedLikeAReplica(items: Int, width: Int, sessions: Int) throws {
    let made = MadeUpCatalogue(items: items, width: width, sessions: sessions, seed: UInt64(items))
    let model = FirstItemModel(FirstItemModel.Options(width: width), items: items)
    let table = ItemTable(model.parameters, placement: .sharded, group: SoloGroup())
    try table.receive(UnsafeBufferPointer(made.model.parameters.itemTable.value.elements))
    let scorer = SessionModelScorer(try ServedModel(model, table))
    let ranks = try made.evaluator().ranks(
      scorer, on: made.sessions, selection: Array(0..<Int32(sessions)), split: "test")
    #expect(ranks == (0..<sessions).map { made.rank($0, .all, filterSeen: false) })
  }

  @Test func whatCannotBeEvaluatedIsSaid() throws {
    let made = MadeUpCatalogue(items: 40, width: 10, sessions: 10, seed: 5)
    let evaluator = try made.evaluator()
    let open = SessionTable(sessions: [[1], [2], [3]], targets: [4, 0, 0], locales: [.es, .es, .fr])
    #expect(throws: EvaluationError.unknownTargets(split: "test", count: 2, of: 3, first: 1)) {
      try evaluator.evaluate(made.model, on: open, split: "test")
    }
    #expect(throws: EvaluationError.noSessions(split: "valid")) {
      try evaluator.evaluate(made.model, on: open, selection: [], split: "valid")
    }
    let other = try Evaluator(CandidateTable(rows: 42), .amazon, EvaluationOptions(), group: SoloGroup())
    #expect(throws: EvaluationError.catalogueDiffers(modelItems: 40, datasetItems: 41)) {
      try other.evaluate(made.model, on: made.sessions, split: "test")
    }
    var options = Predictor.Options()
    options.top = 41
    let predictor = try made.predictor(options)
    #expect(throws: EvaluationError.badTop(41, items: 40)) { try predictor.predict(made.model, for: open) }
  }

  @Test func progressReachesTheEnd() throws {
    let made = MadeUpCatalogue(items: 40, width: 10, sessions: 2_100, seed: 6)
    var calls: [[Int]] = []
    _ = try made.evaluator().evaluate(made.model, on: made.sessions, split: "test") { calls.append([$0, $1]) }
    #expect(calls == [[1_024, 2_100], [2_048, 2_100], [2_100, 2_100]])
  }
}
