import Sessions

extension StepLoad {
  /// What training by a plan on a data set's sessions looks like; where the table goes is another question, unless the plan
  /// says it.
  package init(_ plan: TrainingPlan, _ sessions: SessionTable, items: Int) {
    let clicks = plan.targets == .prefixes ? sessions.meanPrefix : sessions.meanLength
    self.init(
      items: items, batchSize: plan.batchSize, clicksPerSession: clicks, lanes: plan.lanes, headBlocks: plan.headBlocks,
      threads: plan.threadsPerRank)
    targetsPerSession = plan.targets == .all ? clicks : 1
    placement = plan.itemTable.placement
    precision = plan.precision
    clips = plan.optimization.clipNorm != nil
    isFullLoss = plan.loss.isFull
    samples = plan.loss.isFull ? 0 : plan.loss.samples
    updatesAllRows = plan.optimization.updatedRows == .all
  }
}

extension SessionTable {
  /// Clicks of a session, in the mean.
  fileprivate var meanLength: Double { Double(clickCount) / Double(max(1, count)) }

  /// Clicks that a prefix has seen, in the mean over all prefixes of all sessions.
  fileprivate var meanPrefix: Double {
    let seen = (0..<count).reduce(0) { $0 + range(of: $1).count * (range(of: $1).count + 1) / 2 }
    return Double(seen) / Double(max(1, clickCount))
  }
}
