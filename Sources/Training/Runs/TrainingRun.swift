import Evaluation
import Foundation
import Logging
import MPI
import Models
import Sessions
import Storage
import Tensors
import Text

/// Whether a run goes on from a checkpoint.
public enum ResumePolicy: Equatable, Sendable {
  /// From the newest whole checkpoint of the run's folder, if there is one.
  case auto
  /// Starts anew; checkpoints of an earlier run in the folder are removed.
  case never
  /// From this checkpoint, which may be another run's.
  case from(String)
}

/// A training run from its first step, or from a checkpoint, to its end: the loop of epochs and steps, with
/// evaluation, early stopping and checkpoints.
public struct TrainingRun {
  private let plan: TrainingPlan
  private let adaptation: Adaptation
  private let configuration: any RunPlan
  private let dataset: PreparedDataset
  private let folder: String
  private let group: any ProcessGroup
  private let log: Logger
  private let validation: ValidEvaluation
  private let checkpoints: CheckpointStore
  private let tracer: StepTracer?
  /// Whether rank 0 shows on standard error how far it is.
  var showsProgress = true

  /// - Parameters:
  ///   - adaptation: what sets a run of a hand-off apart.
  ///   - configuration: what is written as the run's `config.yaml`; the plan if nil.
  ///   - dataset: the same on all ranks: see `PreparedDataset.open`.
  ///   - folder: the run's folder, which exists on rank 0's host.
  ///   - log: says what happens; silent on ranks other than 0.
  ///   - trace: where a trace of the first steps goes; nil for none.
  /// - Throws: where the plan's metric is none.
  public init(
    _ plan: TrainingPlan, _ adaptation: Adaptation = Adaptation(), configuration: (any RunPlan)? = nil,
    dataset: PreparedDataset, folder: String, group: any ProcessGroup, log: Logger, trace: String? = nil
  ) throws {
    self.plan = plan
    self.adaptation = adaptation
    self.configuration = configuration ?? plan
    self.dataset = dataset
    self.folder = folder
    self.group = group
    self.log = log
    validation = try ValidEvaluation(
      plan, candidates: adaptation.candidates, dataset: dataset, group: group)
    checkpoints = CheckpointStore(run: folder)
    tracer = trace.map { StepTracer(path: $0, group: group) }
  }

  /// Trains; collective.
  /// - Returns: where the run ended.
  public func run(_ resume: ResumePolicy) throws -> Summary {
    let sessions = try dataset.trainingSessions(in: plan.locales)
    let schedule = BatchSchedule(sessionCount: sessions.chosen.count, batchSize: plan.batchSize, seed: plan.seed)
    try group.together { try requireSupport(of: plan.precision) }
    try forecastMemory(of: sessions)
    let training = try makeTrainer(sessions.table, sessions.chosen)
    let lastStep = min(plan.maxSteps ?? .max, plan.epochs * schedule.stepsPerEpoch)
    var (step, progress) = try resumeOrInitialise(
      training, resume, stepsPerEpoch: schedule.stepsPerEpoch, lastStep: lastStep)
    let rates = plan.optimization.rateSchedule(stepsPerEpoch: schedule.stepsPerEpoch, epochs: plan.epochs)
    let journal = try group.together { group.rank == 0 ? try Journal(run: folder, step: step) : nil }
    let style = ProgressReport.isTerminal && adaptation.label.isEmpty ? ProgressReport.Style.bar : .lines
    var report = ProgressReport(
      style: group.rank == 0 && showsProgress ? style : .none,
      totalSteps: max(0, lastStep - step), label: adaptation.label)
    StopSignal.listen()
    tracer?.begin(steps: lastStep - step)

    var order: [Int32] = []
    var seconds = 0.0, sessionsTrained = 0
    var isStopping = progress.epochsSinceBest >= plan.stoppingStep
    var isAsked = false
    while step < lastStep && !isStopping {
      let epoch = schedule.epoch(of: step)
      if order.isEmpty { order = schedule.order(ofEpoch: epoch).map { sessions.chosen[Int($0)] } }
      let batch = order[schedule.batch(of: step)]
      try tracer?.willStep()
      let began = ContinuousClock.now
      let (loss, targets) = try training.run(step, on: batch, of: sessions.table, rate: rates.rate(at: step))
      guard loss.isFinite else { throw TrainingError.diverged(step: step, loss: loss) }
      seconds += (ContinuousClock.now - began) / .seconds(1)
      sessionsTrained += batch.count
      progress.epochLoss += loss
      progress.epochTargets += targets
      step += 1
      report.didStep(
        step, epoch: epoch + 1, epochs: plan.epochs, loss: loss / Double(targets), of: batch.count)

      var isBest = false
      let endsEpoch = step % schedule.stepsPerEpoch == 0
      if endsEpoch {
        report.pause()
        let valid = try validation.evaluate(training.model)
        isBest = progress.endEpoch(value: valid?.value, step: step)
        isStopping = progress.epochsSinceBest >= plan.stoppingStep
        let record = EpochRecord(
          epoch: epoch + 1, step: step, loss: progress.epochLoss / Double(progress.epochTargets),
          seconds: seconds, sessionsPerSecond: Double(sessionsTrained) / seconds, valid: valid?.figures)
        try group.together { try journal?.append(record) }
        log.info("\(record.sentence(metric: plan.validMetric, value: valid?.value))")
        (progress.epochLoss, progress.epochTargets, seconds, sessionsTrained, order) = (0, 0, 0, 0, [])
      }
      isAsked = try StopSignal.wasReceived(by: group)
      if endsEpoch || isAsked || step == lastStep || plan.checkpointEvery.map({ step % $0 == 0 }) ?? false {
        try saveCheckpoint(training, step: step, progress, isBest: isBest)
      }
      if isAsked {
        log.notice("stopped by SIGUSR1 after step \(step); the same command goes on from here")
        break
      }
    }
    try tracer?.finish()
    return Summary(
      step: step, epochs: step / schedule.stepsPerEpoch, bestValue: progress.bestValue,
      bestStep: progress.bestStep, isStoppedEarly: progress.epochsSinceBest >= plan.stoppingStep,
      isInterrupted: isAsked && step < lastStep && !isStopping)
  }

  /// Where a run ended.
  public struct Summary: Sendable {
    /// Steps done in all.
    public let step: Int
    /// Whole epochs done.
    public let epochs: Int
    /// The best value of the valid metric, and after which step.
    public let bestValue: Double?
    public let bestStep: Int?
    public let isStoppedEarly: Bool
    /// Whether SIGUSR1 ended it before its time.
    public let isInterrupted: Bool
  }

  /// Says what memory a rank will need, and throws where the node has not that much; collective.
  private func forecastMemory(of sessions: (table: SessionTable, chosen: [Int32])) throws {
    let clicks = Double(sessions.table.clickCount) / Double(sessions.table.count)
    let load = MemoryForecast.Load(
      items: dataset.itemCount, batchSize: plan.batchSize, clicksPerSession: clicks,
      targetsPerSession: plan.targets == .all ? clicks : 1, lanes: plan.lanes, threads: plan.threadsPerRank,
      isFullLoss: plan.loss.isFull, samples: plan.loss.isFull ? 0 : plan.loss.samples)
    let forecast = try MemoryForecast(plan.model, load, group: group)
    log.info("memory: about \(forecast.sentence)")
    try forecast.requireRoom(group: group)
  }

  private func makeTrainer(_ sessions: SessionTable, _ chosen: [Int32]) throws -> Trainer {
    var options = Trainer.Options(lanes: plan.lanes)
    options.seed = plan.seed
    options.optimizer = plan.optimization.optimizerOptions
    options.clipNorm = plan.optimization.clipNorm
    options.loss = plan.loss
    options.targets = plan.targets
    options.precision = plan.precision
    options.threads = plan.threadsPerRank
    options.frozen = adaptation.frozen
    options.optimizerSteps = adaptation.pretrained?.optimizerSteps ?? 0
    let occurrences =
      plan.loss.isFull ? nil : ItemSampler.occurrences(in: sessions, chosen, items: dataset.itemCount)
    let sampler = occurrences.map {
      ItemSampler(occurrences: $0, alpha: plan.loss.sampleAlpha, seed: plan.seed)
    }
    let model = try dataset.makeModel(plan.model)
    return try Trainer(
      model, options, sampler: sampler, group: group, timeline: tracer?.timeline ?? .off)
  }

  /// Gives the model its weights: a checkpoint's, or those that it starts with.
  /// - Returns: how many steps were done before, and what the loop remembers of them.
  private func resumeOrInitialise(
    _ training: Trainer, _ resume: ResumePolicy, stepsPerEpoch: Int, lastStep: Int
  ) throws -> (step: Int, RunProgress) {
    let checkpoint = try group.together {
      group.rank == 0 ? try openCheckpoint(resume, stepsPerEpoch: stepsPerEpoch, lastStep: lastStep) : nil
    }
    var state = try checkpoint?.state.encoded().map { $0 } ?? []
    try group.broadcast(resizing: &state, from: 0)
    guard !state.isEmpty else {
      try adaptation.start(training, seed: plan.seed, group: group)
      return (0, RunProgress())
    }
    try training.restore(from: checkpoint, group: group)
    let resumed = try CheckpointState(decoding: Data(state))
    log.info("going on after step \(resumed.step)")
    return (resumed.step, resumed.progress)
  }

  /// Rank 0's part: finds the checkpoint to go on from, checks that it is this plan's, clears away what
  /// another run left, and writes the configuration.
  private func openCheckpoint(_ resume: ResumePolicy, stepsPerEpoch: Int, lastStep: Int) throws -> Checkpoint? {
    var checkpoint: Checkpoint?
    switch resume {
    case .never: break
    case .from(let path): checkpoint = try Checkpoint(path)
    case .auto:
      if let newest = checkpoints.newestWhole() {
        for damaged in newest.damaged { log.warning("\(damaged) is damaged: going back to an older checkpoint") }
        checkpoint = try Checkpoint(newest.folder)
      } else if !checkpoints.steps.isEmpty {
        throw TrainingError.noWholeCheckpoint(path: folder)
      }
    }
    try checkpoint?.requireSame(plan, and: adaptation.decidingOptions, dataset)
    if let checkpoint, checkpoint.state.step > lastStep {
      throw TrainingError.beyondTheEnd(path: checkpoint.folder, step: checkpoint.state.step, lastStep: lastStep)
    }
    let isOwn = checkpoint.map { checkpoints.isOwn($0.folder, step: $0.state.step) } ?? false
    try checkpoints.discard(beyond: resume == .auto || isOwn ? checkpoint?.state.step ?? 0 : -1)
    if isOwn, let state = checkpoint?.state {
      // A run may have been killed between the two.
      let isBest = state.progress.bestStep.map { $0 == state.step } ?? (state.step % stepsPerEpoch == 0)
      try checkpoints.publish(step: state.step, isBest: isBest)
    }
    try RunFolder.write(configuration, to: folder)
    return checkpoint
  }

  private var decidingOptions: [String: String] {
    plan.decidingOptions.merging(adaptation.decidingOptions) { $1 }
  }

  private func saveCheckpoint(
    _ training: Trainer, step: Int, _ progress: RunProgress, isBest: Bool
  ) throws {
    let state = CheckpointState(
      step: step, options: decidingOptions, items: dataset.itemCount,
      vocabulary: dataset.vocabulary, dataset: dataset.fingerprint, instructionSet: instructionSet,
      progress: progress)
    try training.save(to: checkpoints.path(ofStep: step), state, items: dataset.itemIDs, group: group)
    try group.together {
      if group.rank == 0 { try checkpoints.publish(step: step, isBest: isBest) }
    }
  }
}

extension RunProgress {
  /// Takes in an epoch's value of the valid metric.
  /// - Parameter value: nil without a valid split, where every epoch counts as the best so far.
  /// - Returns: whether it is the best so far.
  mutating func endEpoch(value: Double?, step: Int) -> Bool {
    guard let value else { return true }
    if let bestValue, value <= bestValue {
      epochsSinceBest += 1
      return false
    }
    (bestValue, bestStep, epochsSinceBest) = (value, step, 0)
    return true
  }
}

extension EpochRecord {
  /// The record in words.
  fileprivate func sentence(metric: String, value: Double?) -> String {
    let quality = value.map { "  valid \(metric) \($0.formatted(digits: 4))" } ?? ""
    return "epoch \(epoch) done: step \(step)  loss \(loss.formatted(digits: 4))\(quality)  "
      + "\(clock(seconds)) at \(Int(sessionsPerSecond)) sessions/s"
  }
}
