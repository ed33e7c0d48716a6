import Evaluation
import Foundation
import MPI
import Sessions
import Storage
import Testing

@Suite struct PredictionTests {
  @Test func sessionsWithoutClicksGetWhatIsPopular() throws {
    // Six items. ES (3) saw 4 twice, 2 and 5 once; DE (1) saw 6 five times, 2 three times.
    var counts = [Int32](repeating: 0, count: 6 * 7)
    for (locale, item, count) in [(3, 4, 2), (3, 5, 1), (3, 2, 1), (1, 6, 5), (1, 2, 3)] {
      counts[locale * 7 + item] = Int32(count)
    }
    let popular = PopularItems(
      CandidateTable(localeMask: [UInt8](repeating: 63, count: 7), trainCount: counts))
    #expect(popular.items(forLocale: 3, limit: 2) == [4, 2])
    #expect(popular.items(forLocale: 3, limit: 4) == [4, 2, 5, 6])
    #expect(popular.items(forLocale: 3, limit: 9) == [4, 2, 5, 6, 1, 3])
    #expect(popular.items(forLocale: 0, limit: 3) == [6, 2, 4])

    let made = MadeUpCatalogue(items: 6, width: 3, sessions: 1, seed: 1)
    var options = Predictor.Options()
    options.candidates = .all
    options.top = 4
    let products = CandidateTable(localeMask: [UInt8](repeating: 63, count: 7), trainCount: counts)
    let predictor = try Predictor(products, .amazon, options, group: SoloGroup())
    let sessions = SessionTable(
      sessions: [[], [3, 1], [], [5]], targets: [0, 0, 0, 0], locales: [.es, .es, .de, .uk])
    let predictions = try #require(try predictor.predict(made.model, for: sessions))
    let full = SessionTable(sessions: [[3, 1], [5]], targets: [0, 0], locales: [.es, .uk])
    let others = try #require(try predictor.predict(made.model, for: full))
    #expect(Array(predictions.items(of: 0)) == [4, 2, 5, 6])
    #expect(predictions.items(of: 1).elementsEqual(others.items(of: 0)))
    #expect(Array(predictions.items(of: 2)) == [6, 2, 4, 5])
    #expect(predictions.items(of: 3).elementsEqual(others.items(of: 1)))
    let none = SessionTable(sessions: [[]], targets: [0], locales: [.es])
    #expect(try predictor.predict(made.model, for: none)?.items == [4, 2, 5, 6])
  }

  /// Also where nothing is known of a session, and where there are fewer candidates than are asked for.
  @Test func candidatesAloneArePredicted() throws {
    let made = MadeUpCatalogue(items: 40, width: 4, sessions: 60, seed: 3)
    let sessions = SessionTable(
      sessions: (0..<60).map { $0 % 2 == 0 ? [] : Array(made.sessions.items(of: $0)) },
      targets: .init(repeating: 0, count: 60), locales: Array(made.sessions.locales))
    for rule in rules {
      for filterSeen in [false, true] {
        var options = Predictor.Options()
        (options.candidates, options.filterSeen, options.top) = (rule, filterSeen, 35)
        let predictor = try made.predictor(options, trainCount: (0..<6 * 41).map { Int32($0 * 31 % 50) })
        let predictions = try #require(try predictor.predict(made.model, for: sessions))
        var short = 0
        for session in 0..<60 {
          let isEmpty = session % 2 == 0
          let candidates = made.sorted(session, rule, filterSeen: filterSeen && !isEmpty)
          let found = Array(predictions.items(of: session))
          #expect(found.count == min(35, candidates.count) && Set(found).isSubset(of: candidates), "session \(session)")
          if !isEmpty { #expect(found == Array(candidates.prefix(35))) }
          if found.count < 35 { short += 1 }
        }
        #expect(predictions.shortLists == (short, 0))
        let emptied = predictions.emptied(at: [3, 7])
        #expect(emptied.items(of: 3).isEmpty && emptied.shortLists.empty == 2)
        #expect(emptied.items(of: 4) == predictions.items(of: 4))
      }
    }
  }

  @Test func whatCannotBeAskedForIsAnError() throws {
    let made = MadeUpCatalogue(items: 6, width: 3, sessions: 1, seed: 1)
    let mask: [UInt8] = [0, 9, 8, 8, 9, 8, 1]  // UK and ES
    let products = CandidateTable(localeMask: mask, trainCount: [Int32](repeating: 1, count: 6 * 7))
    let sessions = SessionTable(sessions: [[1], [2], []], targets: [0, 0, 0], locales: [.es, .jp, .jp])
    func check(_ error: EvaluationError, _ change: (inout Predictor.Options) -> Void) {
      var options = Predictor.Options()
      options.top = 2
      change(&options)
      #expect(throws: error) {
        try Predictor(products, .amazon, options, group: SoloGroup()).predict(made.model, for: sessions)
      }
    }
    for top in [0, -1, 7, .max, .min] { check(.badTop(top, items: 6)) { $0.top = top } }
    check(.noProducts(locales: ["DE", "FR"])) { $0.candidates = .locales(["ES", "FR", "DE"]) }
    var options = EvaluationOptions()
    options.candidates = .locales(["JP"])
    #expect(throws: EvaluationError.noProducts(locales: ["JP"])) {
      try Evaluator(products, .amazon, options, group: SoloGroup())
        .evaluate(made.model, on: made.sessions, split: "test")
    }
  }

  @Test func filesHaveTheShapeOfASubmission() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("predictions-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let made = MadeUpCatalogue(items: 4, width: 3, sessions: 1, seed: 1)
    // Nothing but popular items: the order is known.
    var counts = [Int32](repeating: 0, count: 6 * 5)
    for (item, count) in [(1, 9), (2, 8), (3, 7), (4, 6)] {
      counts[3 * 5 + item] = Int32(count)
      counts[2 * 5 + item] = Int32(10 - count)
    }
    var options = Predictor.Options()
    options.top = 3
    options.candidates = .all
    let sessions = SessionTable(sessions: [[], []], targets: [0, 0], locales: [.es, .jp])
    let products = CandidateTable(localeMask: [UInt8](repeating: 63, count: 5), trainCount: counts)
    let predictor = try Predictor(products, .amazon, options, group: SoloGroup())
    let predictions = try #require(try predictor.predict(made.model, for: sessions))
    func written(_ name: String, ids: [String]) throws -> String {
      let path = folder.appendingPathComponent(name).path
      try PredictionWriter(path: path).write(predictions, locales: { ["ES", "JP"][$0] }) { ids[Int($0)] }
      return try String(contentsOfFile: path, encoding: .utf8)
    }

    let plain = ["", "0405702051", "B08PCZKGBS", "B01MRUSHG9", "B07HHN5VTT"]
    #expect(
      try written("a.csv", ids: plain) == """
        locale,next_item_prediction
        ES,['0405702051' 'B08PCZKGBS' 'B01MRUSHG9']
        JP,['B07HHN5VTT' 'B01MRUSHG9' 'B08PCZKGBS']

        """)
    #expect(
      try written("a.jsonl", ids: plain) == """
        {"locale": "ES", "next_item_prediction": ["0405702051", "B08PCZKGBS", "B01MRUSHG9"]}
        {"locale": "JP", "next_item_prediction": ["B07HHN5VTT", "B01MRUSHG9", "B08PCZKGBS"]}

        """)
    let odd = ["", "a,b", "say\"so", "棚\\", "it's"]
    #expect(try written("odd.csv", ids: odd).contains("ES,\"['a,b' 'say\"\"so' '棚\\']\"\n"))
    let line = try written("odd.jsonl", ids: odd).split(separator: "\n")[1]
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    #expect(object?["next_item_prediction"] as? [String] == ["it's", "棚\\", "say\"so"])

    #expect(throws: EvaluationError.unknownOutputFormat(path: "a.parquet")) { try PredictionWriter(path: "a.parquet") }
    #expect(throws: StorageError.self) {
      try PredictionWriter(path: folder.appendingPathComponent("none/a.csv").path)
        .write(predictions, locales: nil) { plain[Int($0)] }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 4)
  }
}
