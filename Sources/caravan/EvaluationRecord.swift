import Evaluation
import Foundation
import Runs

/// Figures and what they are of: figures compare where that is the same.
struct EvaluationRecord: Encodable {
  let metrics: RankingMetrics
  let recommender: Recommender
  let candidates: String
  let filterSeen: Bool
  let transductive: Bool
  /// Files whose sessions were counted, too.
  let countSessions: [String]

  enum CodingKeys: String, CodingKey {
    case model, candidates, transductive
    case checkpoints = "state_sha256"
    case filterSeen = "filter_seen"
    case countSessions = "count_sessions"
  }

  /// The keys of the metrics, and these; no paths, so that the same figures have the same bytes.
  func encode(to encoder: any Encoder) throws {
    try metrics.encode(to: encoder)
    var own = encoder.container(keyedBy: CodingKeys.self)
    try own.encode(recommender.name, forKey: .model)
    try own.encode(recommender.checksums, forKey: .checkpoints)
    try own.encode(candidates, forKey: .candidates)
    try own.encode(filterSeen, forKey: .filterSeen)
    try own.encode(transductive, forKey: .transductive)
    if !countSessions.isEmpty { try own.encode(countSessions, forKey: .countSessions) }
  }

  func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }

  /// Such as `NARM of runs/narm/checkpoints/step-00000402 on the test split, candidates all`.
  var sentence: String {
    "\(recommender.origin) on the \(metrics.split) split, candidates \(candidates)"
      + (filterSeen ? ", without what the session has" : "") + (transductive ? ", transductive" : "")
      + countSessions.map { ", counting \($0)" }.joined()
  }
}
