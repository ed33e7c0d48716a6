import Sessions

extension StepLoad {
  /// What training by a plan on a data set's sessions looks like; where the table goes is another question, unless the plan
  /// says it.
  package init(_ plan: TrainingPlan, _ sessions: SessionTable, items: Int) {
    let clicks = Double(sessions.clickCount) / Double(max(1, sessions.count))
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
