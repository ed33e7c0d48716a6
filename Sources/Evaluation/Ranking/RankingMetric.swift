import Foundation

/// A measure of a ranking at a cut-off, such as MRR@100: the mean over sessions of what the rank of the one
/// relevant item is worth.
public struct RankingMetric: Hashable, Sendable, CustomStringConvertible {
  /// What is measured of a target's rank.
  public enum Measure: String, CaseIterable, Sendable {
    /// 1 where the target is among the first K.
    case recall = "Recall"
    /// 1 / rank (mean reciprocal rank).
    case mrr = "MRR"
    /// 1 / log₂(rank + 1) (normalised discounted cumulative gain, of one relevant item).
    case ndcg = "NDCG"
  }

  /// What is measured of the target's rank.
  public let measure: Measure
  /// K, from 1: a target further down is worth nothing.
  public let cutoff: Int

  /// - Parameter cutoff: ranks beyond it are worth nothing; from 1.
  public init(_ measure: Measure, at cutoff: Int) {
    precondition(cutoff > 0, "a cut-off of \(cutoff)")
    self.measure = measure
    self.cutoff = cutoff
  }

  /// Parses `MRR@100`, in capital or small letters.
  /// - Throws: `EvaluationError.unknownMetric`.
  public init(parsing text: String) throws(EvaluationError) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2,
      let measure = Measure.allCases.first(where: { $0.rawValue.lowercased() == parts[0].lowercased() }),
      let cutoff = Int(parts[1]), cutoff > 0
    else { throw .unknownMetric(text) }
    self.init(measure, at: cutoff)
  }

  /// Every measure at every cut-off, measure by measure.
  public static func all(at cutoffs: [Int]) -> [RankingMetric] {
    Measure.allCases.flatMap { measure in cutoffs.map { RankingMetric(measure, at: $0) } }
  }

  /// Parses a list of cut-offs such as `10,20,100`; the result rises, without repetitions.
  /// - Throws: `EvaluationError.badCutoffs`.
  public static func parse(cutoffs text: String) throws(EvaluationError) -> [Int] {
    var cutoffs: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let cutoff = Int(part.trimmingCharacters(in: .whitespaces)), cutoff > 0 else {
        throw .badCutoffs(text)
      }
      cutoffs.insert(cutoff)
    }
    return cutoffs.sorted()
  }

  /// What a target at this rank is worth; rank 0 is a miss.
  public func gain(ofRank rank: Int32) -> Double {
    guard rank > 0, rank <= cutoff else { return 0 }
    switch measure {
    case .recall: return 1
    case .mrr: return 1 / Double(rank)
    case .ndcg: return 1 / log2(Double(rank) + 1)
    }
  }

  /// The name in JSON: `mrr@100`.
  public var key: String { description.lowercased() }
  /// The name for people: `MRR@100`.
  public var description: String { "\(measure.rawValue)@\(cutoff)" }
}
