import Evaluation

/// How sessions are ranked, beside what ranks them. A blend is saved with those that its weights were chosen for.
package struct RankingSettings: Equatable, Sendable {
  package var candidates: CandidateRule
  /// Whether a session's own items are no candidates.
  package var filterSeen = false
  /// Whether the transitions within the ranked sessions are counted.
  package var isTransductive = false

  package init(candidates: CandidateRule) { self.candidates = candidates }
}

extension RankingSettings: Codable {
  private enum CodingKeys: String, CodingKey {
    case candidates, filterSeen
    case isTransductive = "transductive"
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    candidates = try CandidateRule(parsing: values.decode(String.self, forKey: .candidates))
    filterSeen = try values.decode(Bool.self, forKey: .filterSeen)
    isTransductive = try values.decode(Bool.self, forKey: .isTransductive)
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode("\(candidates)", forKey: .candidates)
    try values.encode(filterSeen, forKey: .filterSeen)
    try values.encode(isTransductive, forKey: .isTransductive)
  }
}
