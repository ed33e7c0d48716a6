import Sessions

extension MemoryForecast.Load {
  /// What training by a plan on a data set's sessions looks like.
  init(_ plan: TrainingPlan, _ sessions: SessionTable, items: Int) {
    let clicks = Double(sessions.clickCount) / Double(max(1, sessions.count))
    self.init(
      items: items, batchSize: plan.batchSize, clicksPerSession: clicks,
      targetsPerSession: plan.targets == .all ? clicks : 1, lanes: plan.lanes, threads: plan.threadsPerRank,
      isFullLoss: plan.loss.isFull, samples: plan.loss.isFull ? 0 : plan.loss.samples,
      updatesAllRows: plan.optimization.updatedRows == .all)
  }
}
