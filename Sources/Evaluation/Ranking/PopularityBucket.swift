/// How well targets were ranked that occur about equally often in training.
public struct PopularityBucket: Codable, Equatable, Sendable {
  /// The fewest occurrences of such a target.
  public let from: Int
  /// The most, counted in; nil for no limit.
  public let to: Int?
  /// How many targets were ranked.
  public let targets: Int
  /// nil where there are no such targets.
  public let metrics: MetricValues?

  private static let lowest = [0, 1, 5, 20, 100]

  /// Divides targets by how often they occur in training.
  /// - Parameters:
  ///   - ranks: of each target, from 1; 0 is a miss.
  ///   - occurrences: of each target.
  static func divide(_ metrics: [RankingMetric], ranks: [Int32], occurrences: [Int]) -> [PopularityBucket] {
    lowest.enumerated().map { place, from in
      let to = place + 1 < lowest.count ? lowest[place + 1] - 1 : nil
      let own = zip(ranks, occurrences).filter { $0.1 >= from && $0.1 <= to ?? .max }.map(\.0)
      return PopularityBucket(
        from: from, to: to, targets: own.count, metrics: own.isEmpty ? nil : MetricValues(metrics, ranks: own))
    }
  }

  /// Such as `never`, `5-19`, `100 and more`.
  public var name: String {
    to.map { from == 0 && $0 == 0 ? "never" : "\(from)-\($0)" } ?? "\(from) and more"
  }
}
