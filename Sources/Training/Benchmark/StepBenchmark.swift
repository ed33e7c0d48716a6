import Evaluation
import Foundation
import MPI
import Models
import Provenance
import Sessions
import Storage
import Tensors

/// Times training steps on made-up sessions, and what belongs to them.
public struct StepBenchmark {
  private let plan: BenchPlan
  private let group: any ProcessGroup
  private let trace: String?
  private let team: ThreadTeam

  /// - Parameter trace: where rank 0 writes a trace of the timed steps; nil for none.
  public init(_ plan: BenchPlan, trace: String?, group: any ProcessGroup) {
    self.plan = plan
    self.group = group
    self.trace = trace
    team = ThreadTeam(count: plan.threadsPerRank)
  }

  /// Measures; collective.
  /// - Returns: the report, on every rank.
  /// - Throws: `TrainingError.unsupportedPrecision`, `.notEnoughMemory`; or an error of MPI or of a file.
  public func run() throws -> BenchReport {
    try group.together { try requireSupport(of: plan.precision) }
    let forecast = try MemoryForecast(plan.model, load, rank: group.rank, size: group.size)
    try forecast.requireRoom(group: group)
    let steps = plan.warmupSteps + plan.steps
    let sessions = SyntheticSessions.table(
      sessions: max(steps * plan.batchSize, plan.evaluatedSessions), items: plan.items, seed: plan.seed)
    let model = plan.model.makeModel(items: plan.items)
    let timeline = Timeline(isRecording: false)
    let training = try makeTrainer(model, timeline)
    try training.table.initialise(seed: plan.seed)
    model.parameters.initialiseDense(seed: plan.seed)
    let peak = try peak()

    var loss = 0.0, sentBefore = 0
    var began = ContinuousClock.now
    for step in 0..<steps {
      if step == plan.warmupSteps {
        timeline.isRecording = true
        try group.barrier()
        (began, sentBefore) = (.now, group.bytesSent)
      }
      let batch = Array(Int32(step * plan.batchSize)..<Int32((step + 1) * plan.batchSize))
      let (sum, targets) = try training.run(step, on: batch[...], of: sessions, rate: 0.001)
      loss = sum / Double(targets)
    }
    try group.barrier()
    let seconds = (ContinuousClock.now - began) / .seconds(1) / Double(plan.steps)
    let sent = (group.bytesSent - sentBefore) / plan.steps
    let spans = timeline.take()
    if let trace { try TraceFile.write(spans, to: trace, group: group) }
    let gflop = 8 * Double(plan.batchSize * plan.items * model.parameters.itemTable.columns) / 1e9
    let build = BuildInformation.current
    return BenchReport(
      model: plan.modelName, items: plan.items, batchSize: plan.batchSize, lanes: plan.lanes, ranks: group.size,
      threadsPerRank: plan.threadsPerRank, precision: plan.precision.rawValue, instructionSet: build.instructionSet,
      caravan: build.version, commit: build.commit, mpi: build.mpi, oneDNN: build.oneDNN,
      steps: plan.steps, secondsPerStep: seconds, sessionsPerSecond: Double(plan.batchSize) / seconds,
      phases: try phases(spans), gflopPerStep: gflop, gflops: gflop / seconds, peakGflops: peak / 1e9,
      shareOfPeak: gflop * 1e9 / seconds / peak, peakMemoryBytes: try group.allGather([peakMemoryBytes()]).all,
      forecastBytes: try group.allGather([forecast.total]).all,
      bytesSentPerStep: try group.allGather([sent]).all,
      evaluatedSessionsPerSecond: try evaluation(of: model, on: sessions), loss: loss)
  }

  /// Made-up sessions have 3.4 clicks on average.
  private var load: MemoryForecast.Load {
    MemoryForecast.Load(
      items: plan.items, batchSize: plan.batchSize, clicksPerSession: 3.4, lanes: plan.lanes,
      threads: plan.threadsPerRank)
  }

  private func makeTrainer(_ model: any SessionModel, _ timeline: Timeline) throws -> Trainer {
    var options = Trainer.Options(lanes: plan.lanes)
    options.seed = plan.seed
    options.precision = plan.precision
    options.threads = plan.threadsPerRank
    options.headBlocks = min(plan.headBlocks, plan.lanes)
    options.placement = plan.itemTable == .sharded ? .sharded : .replicated
    return try Trainer(model, options, group: group, timeline: timeline)
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
  private func evaluation(of model: any SessionModel, on sessions: SessionTable) throws -> Double {
    let everywhere = [UInt8](repeating: 0, count: plan.items + 1)
    let evaluator = Evaluator(localeMask: everywhere, EvaluationOptions(), team: team, group: group)
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
