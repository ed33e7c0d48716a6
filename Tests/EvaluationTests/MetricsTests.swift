import Evaluation
import Foundation
import Sessions
import Testing

@Suite struct MetricsTests {
  // Ranks 1, 3, 12, a miss; the first two sessions are ES (3), the others DE (1).
  private let metrics = RankingMetrics(
    split: "test", ranks: [1, 3, 12, 0], locales: [3, 3, 1, 1], names: .amazon, cutoffs: [2, 10, 100])

  private static let third = 1.0 / 3
  /// 1 / log₂(13): what rank 12 is worth to NDCG; rank 3 is worth 1/2.
  private static let twelfth = 0.2702381544273197
  private static let expected: [(name: String, all: Double, es: Double, de: Double)] = [
    ("recall@2", 0.25, 0.5, 0),
    ("recall@10", 0.5, 1, 0),
    ("recall@100", 0.75, 1, 0.5),
    ("mrr@2", 0.25, 0.5, 0),
    ("mrr@10", third, 2 * third, 0),
    ("mrr@100", 17.0 / 48, 2 * third, 1.0 / 24),
    ("ndcg@2", 0.25, 0.5, 0),
    ("ndcg@10", 0.375, 0.75, 0),
    ("ndcg@100", 0.375 + twelfth / 4, 0.75, twelfth / 2),
  ]

  @Test(arguments: expected)
  func valuesAsByHand(name: String, all: Double, es: Double, de: Double) throws {
    let metric = try RankingMetric(parsing: name)
    #expect(abs(try metrics.value(of: metric) - all) < 1e-14)
    #expect(abs(metrics.locales["ES"]![metric]! - es) < 1e-14)
    #expect(abs(metrics.locales["DE"]![metric]! - de) < 1e-14)
  }

  @Test func jsonHasItsShapeAndComesBack() throws {
    let data = try metrics.json()
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object["split"] as? String == "test")
    #expect(object["sessions"] as? Int == 4)
    #expect(object["locale_sessions"] as? [String: Int] == ["ES": 2, "DE": 2])
    let all = try #require(object["all"] as? [String: Double])
    #expect(Set(all.keys) == Set(["recall", "mrr", "ndcg"].flatMap { n in [2, 10, 100].map { "\(n)@\($0)" } }))
    let locales = try #require(object["locales"] as? [String: [String: Double]])
    #expect(locales["ES"]?["recall@10"] == 1 && Set(locales["DE"]!.keys) == Set(all.keys))
    #expect(try JSONDecoder().decode(RankingMetrics.self, from: data) == metrics)
  }

  @Test func tableIsAligned() {
    let small = RankingMetrics(
      split: "test", ranks: [1, 3, 12, 0], locales: [3, 3, 1, 1], names: .amazon, cutoffs: [10])
    #expect(
      small.table(of: .amazon) == """
        locale  sessions  Recall@10  MRR@10  NDCG@10
        DE             2     0.0000  0.0000   0.0000
        ES             2     1.0000  0.6667   0.7500
        all            4     0.5000  0.3333   0.3750

        """)
  }

  @Test func namesOfMetrics() throws {
    #expect(try RankingMetric(parsing: "MRR@100") == RankingMetric(.mrr, at: 100))
    #expect(try RankingMetric(parsing: "recall@20").description == "Recall@20")
    #expect(try RankingMetric(parsing: "nDCG@10").key == "ndcg@10")
    for text in ["", "MRR", "MRR@", "MRR@0", "MRR@-3", "hit@10", "mrr@10@20", "MRR@ten"] {
      #expect(throws: EvaluationError.unknownMetric(text)) { try RankingMetric(parsing: text) }
    }
    #expect(try RankingMetric.parse(cutoffs: "100, 10,20,10") == [10, 20, 100])
    for text in ["", "10,", "0", "ten"] {
      #expect(throws: EvaluationError.badCutoffs(text)) { try RankingMetric.parse(cutoffs: text) }
    }
    #expect(throws: EvaluationError.self) { try metrics.value(of: RankingMetric(.mrr, at: 5)) }
  }

  @Test func namesOfCandidateRules() throws {
    #expect(try CandidateRule(parsing: "all") == .all)
    #expect(try CandidateRule(parsing: "Locale") == .locale)
    #expect(try CandidateRule(parsing: "it,ES") == .locales(["it", "ES"]))
    #expect(try CandidateRule.locales(["it", "ES"]).resolved(among: .amazon).description == "ES,IT")
    #expect(try CandidateRule.locale.resolved(among: LocaleNames([])) == .all)
    #expect(throws: EvaluationError.unknownCandidates("ES,")) { try CandidateRule(parsing: "ES,") }
  }
}
