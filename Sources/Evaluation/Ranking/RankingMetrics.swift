import Foundation
import Sessions

/// How well a split's targets were ranked, overall and for each locale.
///
/// As JSON: `{"split": "test", "sessions": 7, "all": {"mrr@100": 0.5, …}, "locales": {"ES": {…}},
/// "locale_sessions": {"ES": 7}}`. Without locales there is nothing about them. Where every click is an answer, `targets` and
/// `locale_targets` take the place of the sessions; `popularity` lists figures by how often targets occur in training.
public struct RankingMetrics: Codable, Equatable, Sendable {
  /// The split's name.
  public let split: String
  /// Sessions evaluated, or targets where every click is one.
  public let sessions: Int
  /// Over all of them, with a locale or without.
  public let all: MetricValues
  /// By the locale's name; locales without sessions are left out.
  public let locales: [String: MetricValues]
  /// Sessions of each locale, by its name.
  public let localeSessions: [String: Int]
  /// Whether every click from the second on was a target.
  public var isEveryClick = false
  /// By how often the targets occur in training; nil where that was not asked for.
  public var popularity: [PopularityBucket]?

  enum CodingKeys: String, CodingKey {
    case split, sessions, targets, all, locales, popularity
    case localeSessions = "locale_sessions"
    case localeTargets = "locale_targets"
  }

  /// Means over the sessions, summed in Float64 in the order of the sessions.
  /// - Parameters:
  ///   - ranks: of each session's target, from 1; 0 is a miss.
  ///   - locales: the code of each session's locale. Sessions without one count among all alone.
  ///   - names: that the codes stand for.
  /// - Precondition: there are sessions, and cut-offs.
  public init(split: String, ranks: [Int32], locales: [UInt16], names: LocaleNames, cutoffs: [Int]) {
    precondition(!ranks.isEmpty && ranks.count == locales.count && !cutoffs.isEmpty)
    self.split = split
    sessions = ranks.count
    let metrics = RankingMetric.all(at: cutoffs)
    all = MetricValues(metrics, ranks: ranks)
    var ranksOfLocale = [[Int32]](repeating: [], count: names.count)
    for (rank, code) in zip(ranks, locales) where code < names.count { ranksOfLocale[Int(code)].append(rank) }
    let ofLocale = zip(names.names, ranksOfLocale).filter { !$0.1.isEmpty }
    self.locales = Dictionary(uniqueKeysWithValues: ofLocale.map { ($0, MetricValues(metrics, ranks: $1)) })
    localeSessions = Dictionary(uniqueKeysWithValues: ofLocale.map { ($0, $1.count) })
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    split = try values.decode(String.self, forKey: .split)
    isEveryClick = values.contains(.targets)
    sessions = try values.decode(Int.self, forKey: isEveryClick ? .targets : .sessions)
    all = try values.decode(MetricValues.self, forKey: .all)
    locales = try values.decodeIfPresent([String: MetricValues].self, forKey: .locales) ?? [:]
    localeSessions =
      try values.decodeIfPresent([String: Int].self, forKey: isEveryClick ? .localeTargets : .localeSessions) ?? [:]
    popularity = try values.decodeIfPresent([PopularityBucket].self, forKey: .popularity)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(split, forKey: .split)
    try values.encode(sessions, forKey: isEveryClick ? .targets : .sessions)
    try values.encode(all, forKey: .all)
    try values.encodeIfPresent(popularity, forKey: .popularity)
    if locales.isEmpty { return }
    try values.encode(locales, forKey: .locales)
    try values.encode(localeSessions, forKey: isEveryClick ? .localeTargets : .localeSessions)
  }

  /// The overall value of a metric.
  /// - Throws: `EvaluationError.metricNotComputed`.
  public func value(of metric: RankingMetric) throws(EvaluationError) -> Double {
    guard let value = all[metric] else { throw .metricNotComputed(metric, computed: all.metrics) }
    return value
  }

  /// The JSON, with sorted keys and a line break at its end.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self) + Data("\n".utf8)
  }
}

/// The values of some metrics.
public struct MetricValues: Codable, Equatable, Sendable {
  private let values: [RankingMetric: Double]

  init(_ metrics: [RankingMetric], ranks: [Int32]) {
    values = Dictionary(
      uniqueKeysWithValues: metrics.map { metric in
        (metric, ranks.reduce(0) { $0 + metric.gain(ofRank: $1) } / Double(ranks.count))
      })
  }

  /// nil where it was not computed.
  public subscript(metric: RankingMetric) -> Double? { values[metric] }

  /// What was computed: measure by measure, by rising cut-off.
  public var metrics: [RankingMetric] {
    RankingMetric.all(at: Set(values.keys.map(\.cutoff)).sorted()).filter { values[$0] != nil }
  }

  public init(from decoder: any Decoder) throws {
    let named = try decoder.singleValueContainer().decode([String: Double].self)
    values = Dictionary(
      uniqueKeysWithValues: try named.map { (try RankingMetric(parsing: $0), $1) })
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Dictionary(uniqueKeysWithValues: values.map { ($0.key, $1) }))
  }
}
