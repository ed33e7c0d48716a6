import Catalogue
import Evaluation
import Foundation
import Learning
import MPI
import Models
import Provenance
import Runs
import Sessions
import Storage
import Tensors

/// Times training steps on made-up sessions, and what belongs to them.
package struct StepBenchmark {
  private let plan: BenchPlan
  private let group: any ProcessGroup
  private let trace: String?
  private let team: ThreadTeam

  /// - Parameter trace: where rank 0 writes a trace of the timed steps; nil for none.
  package init(_ plan: BenchPlan, trace: String?, group: any ProcessGroup) {
    self.plan = plan
    self.group = group
    self.trace = trace
    team = ThreadTeam(count: plan.threadsPerRank)
  }

  /// Measures; collective.
  /// - Returns: the report, on every rank.
  /// - Throws: `RunError.unsupportedPrecision`, `.notEnoughMemory`; or an error of MPI or of a file.
  package func run() throws -> BenchReport {
    try group.together { try requireSupport(of: plan.precision) }
    let placement = try PlacementChoice(plan.itemTable, plan.model, load(.replicated), ranks: group.size, group: group)
      .placement
    let load = load(placement)
    let forecast = try MemoryForecast(plan.model, load, rank: group.rank, size: group.size)
    try forecast.requireRoom(group: group)
    let steps = plan.warmupSteps + plan.steps
    let sessions = SyntheticSessions.table(
      sessions: max(steps * plan.batchSize, plan.evaluatedSessions), items: plan.items, seed: plan.seed)
    let model = plan.model.makeModel(items: plan.items)
    let timeline = Timeline(isRecording: false)
    let training = try makeTrainer(model, sessions, placement, timeline)
    try training.table.initialise(seed: plan.seed)
    model.parameters.initialiseDense(seed: plan.seed)
    let peak = try peak()

    var loss = 0.0, sentBefore = 0, targetCount = 0
    var began = ContinuousClock.now
    for step in 0..<steps {
      if step == plan.warmupSteps {
        timeline.isRecording = true
        try group.barrier()
        (began, sentBefore, targetCount) = (.now, group.bytesSent, 0)
      }
      let batch = Array(Int32(step * plan.batchSize)..<Int32((step + 1) * plan.batchSize))
      let (sum, targets) = try training.run(step, on: batch[...], of: sessions, rate: 0.001)
      loss = sum / Double(targets)
      targetCount += targets
    }
    try group.barrier()
    let seconds = (ContinuousClock.now - began) / .seconds(1) / Double(plan.steps)
    let sent = (group.bytesSent - sentBefore) / plan.steps
    let spans = timeline.take()
    if let trace { try TraceFile.write(spans, to: trace, group: group) }
    let targets = Double(targetCount) / Double(plan.steps)
    let gflop = operations(targets: targets, width: model.parameters.itemTable.columns) / 1e9
    let build = BuildInformation.current
    return BenchReport(
      model: plan.modelName, items: plan.items, batchSize: plan.batchSize, lanes: plan.lanes, ranks: group.size,
      threadsPerRank: plan.threadsPerRank, precision: plan.precision.rawValue, instructionSet: build.instructionSet,
      caravan: build.version, commit: build.commit, mpi: build.mpi, oneDNN: build.oneDNN,
      itemTable: placement.rawValue, lossKind: plan.loss.kind.rawValue, targets: plan.targets.rawValue,
      steps: plan.steps, secondsPerStep: seconds, sessionsPerSecond: Double(plan.batchSize) / seconds,
      targetsPerSecond: targets / seconds,
      phases: try phases(spans), gflopPerStep: gflop, gflops: gflop / seconds, peakGflops: peak / 1e9,
      shareOfPeak: gflop * 1e9 / seconds / peak, peakMemoryBytes: try group.allGather([peakMemoryBytes()]).all,
      forecastBytes: try group.allGather([forecast.total]).all,
      bytesSentPerStep: try group.allGather([sent]).all,
      evaluatedSessionsPerSecond: try evaluation(of: ServedModel(model, training.table), on: sessions), loss: loss)
  }

  /// Of the head's products in a step, on all ranks: the logits, over the catalogue twice, and two gradients.
  private func operations(targets: Double, width: Int) -> Double {
    plan.loss.isFull
      ? 8 * targets * Double(plan.items * width) : 6 * targets * (targets + Double(plan.loss.samples)) * Double(width)
  }

  /// Made-up sessions have 3.4 clicks on average.
  private func load(_ placement: TablePlacement) -> StepLoad {
    var load = StepLoad(
      items: plan.items, batchSize: plan.batchSize, clicksPerSession: 3.4, lanes: plan.lanes,
      headBlocks: plan.headBlocks, threads: plan.threadsPerRank)
    load.targetsPerSession = plan.targets == .all ? 3.4 : 1
    load.placement = placement
    load.precision = plan.precision
    load.isFullLoss = plan.loss.isFull
    load.samples = plan.loss.isFull ? 0 : plan.loss.samples
    return load
  }

  private func makeTrainer(
    _ model: any SessionModel, _ sessions: SessionTable, _ placement: TablePlacement, _ timeline: Timeline
  ) throws -> Trainer {
    var options = Trainer.Options(lanes: plan.lanes)
    options.seed = plan.seed
    options.precision = plan.precision
    options.threads = plan.threadsPerRank
    options.headBlocks = min(plan.headBlocks, plan.lanes)
    options.targets = plan.targets
    options.loss = plan.loss
    options.placement = placement
    let sampler = plan.loss.sampler(
      of: sessions, Array(0..<Int32(sessions.count)), items: plan.items, seed: plan.seed)
    return try Trainer(model, options, sampler: sampler, group: group, timeline: timeline)
  }

  /// Operations a second of matrix products on all ranks at once.
  private func peak() throws -> Double {
    try group.barrier()
    let own = MatmulPeak.measure(plan.precision, team: team)
    return try group.allGather([own]).all.reduce(0, +)
  }

  /// Seconds a step of each phase, mean over the ranks.
  private func phases(_ spans: [Timeline.Span]) throws -> [String: Double] {
    let own = StepPhase.ofStep.map { phase in
      spans.reduce(0.0) { sum, span in
        span.phase == phase && !span.isDetail ? sum + Double(span.ended - span.began) / 1e9 : sum
      }
    }
    let all = try group.allGather(own).all
    let means = StepPhase.ofStep.enumerated().map { place, phase in
      let ofRanks = (0..<group.size).map { all[$0 * own.count + place] }
      return (phase.rawValue, ofRanks.reduce(0, +) / Double(group.size * plan.steps))
    }
    return Dictionary(uniqueKeysWithValues: means)
  }

  /// Sessions a second of ranking over the whole catalogue.
  private func evaluation(of model: ServedModel, on sessions: SessionTable) throws -> Double {
    let evaluator = try Evaluator(
      CandidateTable(rows: plan.items + 1), .amazon, EvaluationOptions(), team: team, group: group)
    let selection = Array(0..<Int32(plan.evaluatedSessions))
    func evaluate() throws -> Double {
      try group.barrier()
      let began = ContinuousClock.now
      _ = try evaluator.evaluate(model, on: sessions, selection: selection, split: "made-up")
      return (ContinuousClock.now - began) / .seconds(1)
    }
    _ = try evaluate()
    return Double(selection.count) / (try evaluate())
  }
}

/// The most that this process ever had in memory.
func peakMemoryBytes() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss * 1024
}
