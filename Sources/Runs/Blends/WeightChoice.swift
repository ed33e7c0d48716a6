import Evaluation
import MPI
import Sessions

/// Chooses the weights of a blend's members on the valid sessions of a data set: those with which a metric of the blend
/// is highest. The test sessions are not looked at.
package struct WeightChoice {
  package let metric: RankingMetric
  /// What was chosen, in the order of the members.
  package let weights: [Float]
  /// To which power the members' shares are added.
  package let power: BlendPower
  /// The metric with these weights: as `WeightSearch` computed it.
  package let value: Double
  /// How many valid sessions it was computed on.
  package let sessions: Int

  /// How many of each member's best items are kept: an answer behind all of them has little hope of the first places.
  private static let depth = 300

  /// Chooses; collective.
  /// - Parameters:
  ///   - recommender: its members loaded as a whole on every rank.
  ///   - given: the weights that stay as they are, by the members' order; nil for those to be chosen.
  ///   - power: of the members' shares; nil for the best.
  ///   - metric: that is to be highest.
  ///   - valid: the sessions that it is computed on, as the blend will rank.
  ///   - progress: called on rank 0, with sessions done and sessions in all.
  /// - Throws: `RunError.nothingCountsTransitions`; `EndOfProcess` where a signal asked to stop; `MPIError`.
  package init(
    of recommender: Recommender, _ given: [Float?], power: BlendPower? = nil, by metric: RankingMetric,
    on valid: ValidSessions, group: any ProcessGroup, progress: ((_ done: Int, _ total: Int) -> Void)? = nil
  ) throws {
    let learned = try valid.prepare(recommender)
    let found = try valid.evaluator.blendCandidates(
      learned.members.map { $0.model.probabilityScorer() }, on: valid.known.table, selection: valid.selection,
      depth: max(Self.depth, metric.cutoff), progress: progress)
    let count = valid.selection.count
    func value(_ candidates: BlendCandidates, _ weights: [Float]) throws(MPIError) -> Double {
      var counts = candidates.ranks(weights, upTo: metric.cutoff)
      try group.sum(&counts)
      return counts.enumerated().reduce(0) { $0 + Double($1.element) * metric.gain(ofRank: Int32($1.offset)) }
        / Double(count)
    }
    var best: (weights: [Float], power: BlendPower, value: Double)?
    for power in power.map({ [$0] }) ?? BlendPower.allCases {
      let candidates = found.taking(power)
      let weights = try WeightSearch.best(given) { (weights) throws(MPIError) in try value(candidates, weights) }
      let reached = try value(candidates, weights)
      if reached > best?.value ?? -1 { best = (weights, power, reached) }
    }
    self.metric = metric
    sessions = count
    weights = best?.weights ?? []
    self.power = best?.power ?? .one
    self.value = best?.value ?? 0
  }
}
