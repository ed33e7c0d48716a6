import Evaluation
import MPI
import Models
import Sessions
import Tensors
import Testing

/// Candidates and their features of a data set so small that they can be computed by hand.
@Suite struct CandidateTests {
  private let train = SessionTable(sessions: [[1, 2], [2], [3]], targets: [3, 3, 1], locales: [0, 0, 0])
  private let asked = SessionTable(
    sessions: [[1, 2], [], [4, 2, 4]], targets: [3, 0, 4], locales: [0, 0, .max])

  /// Pairs forwards alone, all distances alike, shares of the locale's counts alone, one hop.
  private var options: CountingOptions {
    var options = CountingOptions()
    (options.distanceDecay, options.backwardWeight, options.answerWeight) = (0, 0, 1)
    (options.allLocalesWeight, options.damping, options.hops) = (0, 1, 1)
    return options
  }

  private func found(
    top: Int, filterSeen: Bool, path: String = "out.csv", isLabelled: Bool = true
  ) throws -> (text: String, tally: CandidateTally) {
    let training = (table: train, selection: [Int32(0), 1, 2])
    let counts = try ItemCounts.count(
      .counts, in: train, selection: training.selection, rows: 5, localeCount: 1, options: options, group: SoloGroup())
    let popularity = try PopularityFeatures(
      training: training, ranked: nil, rows: 5, localeCount: 1, group: SoloGroup())
    let finder = try CandidateFinder(
      [counts.candidateMember(name: "counts", top: top)],
      [popularity, NeighbourFeatures(training: training, ranked: nil, rows: 5)], .all, CandidateTable(rows: 5),
      LocaleNames(["ES"]), filterSeen: filterSeen, team: ThreadTeam(), itemID: { "item \($0)" }, group: SoloGroup())
    var text = try CandidateText(
      path: path, isLabelled: isLabelled, locale: { asked.locales[$0] == 0 ? "ES" : nil }, itemID: { "i\($0)" })
    text.features = finder.featureNames
    var bytes = text.header
    let tally = try finder.find(for: asked, [0, 1, 2], split: "test", text) {
      bytes += Array($0)
    } progress: { _ in
    }
    return (String(decoding: bytes, as: UTF8.self), tally)
  }

  /// The row of a session's item, by column.
  private func row(_ session: Int, _ item: String, in text: String) throws -> [String: String] {
    let lines = text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let line = try #require(lines.first { $0[0] == "\(session)" && $0[1] == item })
    return Dictionary(uniqueKeysWithValues: zip(lines[0].map(String.init), line.map(String.init)))
  }

  @Test func featuresAreThoseThatAreComputedByHand() throws {
    let (text, tally) = try found(top: 2, filterSeen: true)
    let answer = try row(0, "i3", in: text)
    // 2→3 was seen twice, 1→3 once: P(2→3) = 2/3 and, of the item before, P(1→3) = 1/3 for a quarter.
    let expected: [String: Float] = [
      "length": 2, "distinct": 2, "repeats": 0, "times_clicked": 0, "locale_count": 3, "all_count": 3,
      "answer_share": 2 / 3, "counts.rank": 1, "counts.score": 0.75, "counts.of_best": 1, "counts.first_hop": 0.75,
      "counts.second_hop": 0, "counts.third_hop": 0, "counts.own_locale": 0.75, "counts.largest_share": 2 / 3,
      "counts.last_to_item": 2, "counts.item_to_last": 0, "counts.last_to_item_here": 2, "counts.item_to_last_here": 0,
      "counts.last_share": 2 / 3, "counts.share_of_last": 0,
      // The training sessions have 2 and 1, 2, and 1 of the session's items: 1.5, 1 and 0.5 alike.
      "near_share": 1, "near_answers": 2.5 / 3, "near_sessions": 3, "near_best": 1.5,
    ]
    for (name, value) in expected {
      let found = try #require(answer[name].flatMap(Float.init), "\(name)")
      #expect(abs(found - value) < 1e-6, "\(name) is \(found)")
    }
    #expect(answer["label"] == "1" && answer["locale"] == "ES" && answer["clicks_ago"] == "")
    #expect(Set(answer.keys) == Set(expected.keys).union(["session", "item", "label", "locale", "clicks_ago"]))
    let other = try row(0, "i4", in: text)
    #expect(other["label"] == "0" && other["counts.rank"] == "2" && other["counts.score"] == "0")
    #expect(other["near_share"] == "0" && other["answer_share"] == "0")
    #expect(tally.sessions == 3 && tally.answers == 1 && tally.empty == 0)
  }

  @Test func sessionsOfWhichNothingIsKnownGetWhatIsPopular() throws {
    let popular = try row(1, "i1", in: found(top: 4, filterSeen: true).text)
    #expect(popular["length"] == "0" && popular["counts.rank"] == "" && popular["counts.score"] == "")
    #expect(popular["locale_count"] == "2" && popular["label"] == "0")
  }

  @Test func aSessionsOwnItemsSayWhereTheyAre() throws {
    let (text, tally) = try found(top: 4, filterSeen: false)
    let own = try row(2, "i4", in: text), other = try row(2, "i2", in: text)
    #expect(own["times_clicked"] == "2" && own["clicks_ago"] == "1" && own["repeats"] == "1" && own["label"] == "1")
    #expect(other["times_clicked"] == "1" && other["clicks_ago"] == "2" && other["locale"] == "")
    // Without a locale all counts are its own.
    #expect(other["locale_count"] == "2" && tally.answers == 2)
  }

  @Test func linesOfJSONSayTheSame() throws {
    let text = try found(top: 2, filterSeen: true, path: "out.jsonl", isLabelled: false).text
    let first = try #require(text.split(separator: "\n").first)
    #expect(first.hasPrefix(#"{"session": 0, "item": "i3", "locale": "ES", "length": 2, "distinct": 2,"#), "\(first)")
    #expect(first.contains(#""clicks_ago": null"#) && !text.contains("label"))
    #expect(throws: EvaluationError.unknownOutputFormat(path: "out.parquet")) {
      try CandidateText.check(path: "out.parquet")
    }
  }

  @Test func sessionsWithoutCandidatesAreThere() throws {
    let finder = try CandidateFinder(
      [
        try ItemCounts.count(
          .pop, in: train, selection: [0, 1, 2], rows: 5, localeCount: 1, group: SoloGroup()
        ).candidateMember(name: "pop", top: 4)
      ], [], .locales(["ES"]), CandidateTable(rows: 5, seen: [[4]]), LocaleNames(["ES"]), filterSeen: true,
      team: ThreadTeam(), itemID: { "\($0)" }, group: SoloGroup())
    var text = try CandidateText(path: "out.csv", isLabelled: true, locale: nil, itemID: { "i\($0)" })
    text.features = finder.featureNames
    var bytes: [UInt8] = []
    let tally = try finder.find(for: asked, [2], split: "test", text) {
      bytes += Array($0)
    } progress: { _ in
    }
    #expect(String(decoding: bytes, as: UTF8.self) == "2,,0,,,,,,,,\n")
    #expect(tally.sessions == 1 && tally.empty == 1 && tally.candidates == 0)
  }
}
