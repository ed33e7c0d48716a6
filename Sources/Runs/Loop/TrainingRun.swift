import Catalogue
import Evaluation
import Foundation
import Learning
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
  let plan: TrainingPlan
  let adaptation: Adaptation
  let configuration: any RunPlan
  let dataset: PreparedDataset
  let folder: String
  let group: any ProcessGroup
  let log: Logger
  private let validation: ValidEvaluation
  let checkpoints: CheckpointStore
  let insideEpochs: IntervalCheckpoints
  private let tracer: StepTracer?
  private let output: RunOutput

  /// - Parameters:
  ///   - adaptation: what sets a run of a hand-off apart.
  ///   - configuration: what is written as the run's `config.yaml`; the plan if nil.
  ///   - dataset: the same on all ranks: see `PreparedDataset.open`.
  ///   - folder: the run's folder, which exists on rank 0's host.
  ///   - log: says what happens; silent on ranks other than 0.
  ///   - output: what is said besides.
  ///   - trace: where a trace of the first steps goes; nil for none.
  /// - Throws: where the plan's metric, or one of its locales, is none.
  public init(
    _ plan: TrainingPlan, _ adaptation: Adaptation = Adaptation(), configuration: (any RunPlan)? = nil,
    dataset: PreparedDataset, folder: String, group: any ProcessGroup, log: Logger, output: RunOutput = RunOutput(),
    trace: String? = nil
  ) throws {
    var plan = plan
    // What is written down, and compared with checkpoints, are the data set's names in its order.
    plan.locales = try dataset.locales.canonical(plan.locales)
    self.plan = plan
    self.adaptation = adaptation
    self.configuration = configuration ?? plan
    self.dataset = dataset
    self.folder = folder
    self.group = group
    self.log = log
    self.output = output
    validation = try ValidEvaluation(
      plan, candidates: adaptation.candidates, dataset: dataset, group: group)
    checkpoints = CheckpointStore(run: folder)
    insideEpochs = IntervalCheckpoints(plan.checkpointEvery, group: group, log: log)
    tracer = trace.map { StepTracer(path: $0, group: group) }
  }

  var timeline: Timeline { tracer?.timeline ?? .off }

  /// Trains; collective.
  /// - Returns: where the run ended.
  /// - Throws: `EndOfProcess` where a signal asked it to stop; what was done by then is saved.
  public func run(_ resume: ResumePolicy) throws -> Summary {
    try StopSignal.check(group)
    let place = try group.together { group.rank == 0 ? try FolderIdentity(folder) : nil }
    if let shortage = try CoreShortage.find(threads: plan.threadsPerRank, group: group) { log.warning("\(shortage)") }
    let sessions = try dataset.trainingSessions(in: plan.locales)
    try requireLength()
    let rows = rows(of: sessions.table, sessions.chosen)
    let schedule = schedule(of: rows)
    let sessionsPerRow = Double(sessions.chosen.count) / Double(rows.count)
    try group.together { try requireSupport(of: plan.precision) }
    let placement = try placeTable(sessions.table)
    let training = try makeTrainer(sessions.table, sessions.chosen, placement)
    let lastStep = lastStep(of: schedule)
    let start = try resumeOrInitialise(training, resume, lastStep: lastStep)
    var (step, progress) = (start.step, start.progress)
    let rates = plan.optimization.rateSchedule(stepsPerEpoch: schedule.stepsPerEpoch, epochs: plan.epochs)
    var awaitsEvaluation: Bool { progress.awaitsEvaluation(step: step, stepsPerEpoch: schedule.stepsPerEpoch) }
    let journal = try group.together {
      group.rank == 0 ? try Journal(run: folder, step: awaitsEvaluation ? step - 1 : step, log: log) : nil
    }
    var report = makeReport(lastStep: lastStep)
    var sums = StepSums(every: output.stepsPerRecord)
    var time = EpochTime()
    if awaitsEvaluation {
      if start.isElsewhere { try saveCheckpoint(training, step: step, progress, in: place) }
      try finishEpoch(training, step: step, &progress, &time, journal, in: place, stepsPerEpoch: schedule.stepsPerEpoch)
    }
    tracer?.begin(steps: lastStep - step)

    var order: [Int32] = []
    insideEpochs.didTake()
    defer { insideEpochs.cancel() }
    var isStopping: Bool { progress.epochsSinceBest >= plan.stoppingStep }
    while step < lastStep && !isStopping {
      let epoch = schedule.epoch(of: step)
      if order.isEmpty { order = schedule.order(ofEpoch: epoch).map { rows[Int($0)] } }
      let batch = order[schedule.batch(of: step)]
      let rate = rates.rate(at: step)
      try tracer?.willStep()
      let began = ContinuousClock.now, waitedBefore = group.timeWaited
      Activity.begin("step \(step + 1)")
      let (loss, targets) = try training.run(step, on: batch, of: sessions.table, rate: rate)
      step += 1
      if !loss.isFinite {
        let sign = "the loss at step \(step) is \(name(ofNonFinite: loss))"
        throw try divergence(sign, isOfStart: true, step: step, rate: rate, in: place)
      }
      let trained = Double(batch.count) * sessionsPerRow
      let seconds = (ContinuousClock.now - began) / .seconds(1)
      let waited = (group.timeWaited - waitedBefore) / .seconds(1)
      time.add(seconds, sessions: trained)
      progress.epochLoss += loss
      progress.epochTargets += targets
      report.didStep(
        step, epoch: epoch + 1, epochs: plan.epochs, loss: loss / Double(targets), of: trained, took: seconds,
        waited: waited)
      if let record = sums.add(
        step: step, loss: loss, targets: targets, sessions: trained, seconds: seconds, waited: waited, rate: rate)
      {
        journal?.append(record)
      }

      let requests = try StepRequests(insideEpochs.report(afterStep: step), group: group)
      let endsEpoch = step % schedule.stepsPerEpoch == 0
      if endsEpoch || step == lastStep || requests.stop != nil {
        try requireSoundWeights(of: training, step: step, rate: rate, in: place)
        try saveCheckpoint(training, step: step, progress, in: place)
      } else {
        try proceed(requests.checkpoints, in: place)
        if requests.checkpoints.isDue {
          try requireSoundWeights(of: training, step: step, rate: rate, in: place)
          try takeCheckpoint(training, step: step, progress, in: place)
        } else if step % Self.stepsBetweenReplicaChecks == 0 {
          try training.requireEqualReplicas()
        }
      }
      if endsEpoch, requests.stop == nil || !validation.hasSessions {
        report.pause()
        try finishEpoch(
          training, step: step, &progress, &time, journal, in: place, stepsPerEpoch: schedule.stepsPerEpoch)
        order = []
      }
      if let signal = requests.stop, awaitsEvaluation || step < lastStep && !isStopping {
        throw stop(by: signal, step: step)
      }
    }
    try tracer?.finish()
    if progress.bestValue != nil, adaptation.pretrained == nil, output.says != .nothing, step > start.step {
      let remarks = try ValidRemarks(
        validation, wasRising: progress.bestStep == step && !isStopping, trainedOn: sessions.table, sessions.chosen,
        of: dataset, group: group)
      remarks.lines.forEach { log.info("\($0)") }
    }
    return Summary(
      step: step, epochs: step / schedule.stepsPerEpoch, bestValue: progress.bestValue,
      bestStep: progress.bestValue == nil ? nil : progress.bestStep, isStoppedEarly: isStopping)
  }

  /// Comparing the ranks' weights reads all of them once, some thousandths of a step's time.
  private static let stepsBetweenReplicaChecks = 1000

  /// What is to be done at the end of an epoch, once its checkpoint is saved: the evaluation, and what follows from it.
  private func finishEpoch(
    _ training: Trainer, step: Int, _ progress: inout RunProgress, _ time: inout EpochTime, _ journal: Journal?,
    in place: FolderIdentity?, stepsPerEpoch: Int
  ) throws {
    let epoch = step / stepsPerEpoch
    let isEvaluated = epoch % plan.evaluationEpochs == 0
    let valid: (value: Double, figures: RankingMetrics)?
    Activity.begin("evaluation after step \(step)")
    do {
      valid = isEvaluated ? try validation.evaluate(ServedModel(training.model, training.table)) : nil
    } catch is EndOfProcess {
      throw stop(by: try StopSignal.wasReceived(by: group), step: step)
    }
    let record = EpochRecord(
      epoch: epoch, step: step, loss: progress.epochLoss / Double(progress.epochTargets),
      seconds: time.seconds, sessionsPerSecond: time.sessionsPerSecond, valid: valid?.figures)
    progress.endEpoch(value: valid?.value, step: step, isJudged: isEvaluated)
    time = EpochTime()
    let finished = progress
    try group.together {
      guard group.rank == 0 else { return }
      // In this order: a record that was written before the run was killed is taken back when the epoch is evaluated
      // again, and so is the checkpoint's state.
      try place.write {
        journal?.append(record)
        try checkpoints.rewrite(finished, ofStep: step)
        try checkpoints.publish(step: step, best: finished.bestStep)
      }
    }
    log.info("\(record.sentence(metric: plan.validMetric, value: valid?.value))", metadata: record.figures)
    guard output.says != .nothing, output.format == .text, let figures = valid?.figures, !figures.locales.isEmpty else {
      return
    }
    let table = figures.table(of: dataset.locales, cutoff: try? RankingMetric(parsing: plan.validMetric).cutoff)
    for line in table.split(separator: "\n") { log.info("\(line)") }
  }

  /// - Throws: `RunError.sessionsTooLong`.
  private func requireLength() throws(RunError) {
    let length = dataset.manifest.options.maxLength
    guard let longest = plan.maxLength, length > longest else { return }
    throw .sessionsTooLong(model: plan.modelName, longest: longest, dataset: dataset.folder, length: length)
  }

  /// Where a run ended.
  public struct Summary: Sendable {
    /// Steps done in all.
    public let step: Int
    /// Whole epochs done.
    public let epochs: Int
    /// The best value of the valid metric; nil without a valid split.
    public let bestValue: Double?
    /// The step after which it was reached; nil without a value.
    public let bestStep: Int?
    /// Whether evaluations without a better value ended the run before its last epoch.
    public let isStoppedEarly: Bool
  }

  /// The end of a run that a signal asked to stop, once what it has is saved.
  private func stop(by signal: Int32?, step: Int) -> EndOfProcess {
    let name = signal.map(StopSignal.name) ?? "a signal"
    log.notice("stopped by \(name) after step \(step); the same command goes on from here")
    return StopSignal.end(nil)
  }

  /// What ends a run that diverged; its checkpoints stay. Collective.
  /// - Parameters:
  ///   - sign: what told it.
  ///   - isOfStart: whether it comes of the weights before the step, be the rate what it is: a loss, or a gradient and
  ///     with it a weight, that is no number.
  private func divergence(
    _ sign: String, isOfStart: Bool, step: Int, rate: Double, in place: FolderIdentity?
  ) throws -> RunError {
    // What is being written is of weights from before, which were looked at: something to go on from.
    if let written = try insideEpochs.finish() { try publish(written, in: place) }
    var left = try group.together { () -> String in
      guard group.rank == 0 else { return "" }
      let useless = isOfStart ? step - 1 : nil
      // What is to be said matters more than whether it can be written down.
      try? Divergence(step: step, rate: rate, useless: useless).write(toRun: folder)
      return checkpoints.steps.last { $0 != useless }.map(checkpoints.path(ofStep:)) ?? ""
    }
    try group.broadcast(&left, from: 0)
    return .diverged(sign: sign, rate: rate, checkpoint: left.isEmpty ? nil : left)
  }

  /// Checks updated weights before they are saved or judged: that they are of use, and the same on all ranks. Collective.
  private func requireSoundWeights(
    of training: Trainer, step: Int, rate: Double, in place: FolderIdentity?
  ) throws {
    let largest = try timeline.measure(.checkpoint) {
      let largest = try training.largestWeight()
      if largest <= Trainer.largestUsefulWeight { try training.requireEqualReplicas() }
      return largest
    }
    if largest <= Trainer.largestUsefulWeight { return }
    let isNumber = largest.isFinite
    let value = isNumber ? "\(largest)" : name(ofNonFinite: Double(largest))
    throw try divergence(
      "a weight after step \(step) is \(value)", isOfStart: !isNumber, step: step, rate: rate, in: place)
  }

  private func makeReport(lastStep: Int) -> ProgressReport {
    let isBar =
      StandardError.isTerminal && adaptation.label.isEmpty && output.format == .text && output.says == .everything
    let isShown = group.rank == 0 && output.says != .nothing
    return ProgressReport(style: isShown ? isBar ? .bar : .lines : .none, lastStep: lastStep, log: log)
  }

  /// What an epoch goes through: sessions, or their prefixes.
  func rows(of table: SessionTable, _ chosen: [Int32]) -> [Int32] {
    plan.targets == .prefixes ? table.prefixRows(of: chosen) : chosen
  }

  func schedule(of rows: [Int32]) -> BatchSchedule {
    BatchSchedule(rowCount: rows.count, batchSize: plan.batchSize, seed: plan.seed)
  }

  func lastStep(of schedule: BatchSchedule) -> Int {
    min(plan.maxSteps ?? .max, plan.epochs * schedule.stepsPerEpoch)
  }

  /// Says where the item table goes and what memory a rank will need; collective.
  /// - Throws: `RunError.notEnoughMemory` where the node has not that much.
  private func placeTable(_ sessions: SessionTable) throws -> TablePlacement {
    var load = StepLoad(plan, sessions, items: dataset.itemCount)
    let choice = try PlacementChoice(plan.itemTable, plan.model, load, ranks: group.size, group: group)
    load.placement = choice.placement
    if let remark = choice.remark { log.info("\(remark)") }
    let forecast = try MemoryForecast(plan.model, load, rank: group.rank, size: group.size)
    log.info("memory: about \(forecast.sentence)")
    try forecast.requireRoom(group: group)
    return choice.placement
  }

  private func makeTrainer(
    _ sessions: SessionTable, _ chosen: [Int32], _ placement: TablePlacement
  ) throws -> Trainer {
    var options = Trainer.Options(lanes: plan.lanes)
    options.seed = plan.seed
    options.optimizer = plan.optimization.optimizerOptions
    options.clipNorm = plan.optimization.clipNorm
    options.loss = plan.loss
    options.targets = plan.targets
    options.precision = plan.precision
    options.threads = plan.threadsPerRank
    options.headBlocks = min(plan.headBlocks, plan.lanes)
    options.placement = placement
    options.updatedRows = plan.optimization.updatedRows
    options.frozen = adaptation.frozen
    options.optimizerSteps = adaptation.pretrained?.optimizerSteps ?? 0
    let sampler = plan.loss.sampler(of: sessions, chosen, items: dataset.itemCount, seed: plan.seed)
    let model = try dataset.makeModel(plan.model)
    return try Trainer(
      model, options, sampler: sampler, group: group, timeline: timeline)
  }
}

extension RunProgress {
  /// Takes in an epoch's value of the valid metric, and clears what adds up over an epoch.
  /// - Parameters:
  ///   - value: nil without a valid split, where every epoch counts as the best so far.
  ///   - isJudged: whether the epoch is one of those that count.
  mutating func endEpoch(value: Double?, step: Int, isJudged: Bool) {
    (epochLoss, epochTargets) = (0, 0)
    if !isJudged { return }
    if let value, let bestValue, value <= bestValue {
      epochsSinceBest += 1
    } else {
      (bestValue, bestStep, epochsSinceBest) = (value, step, 0)
    }
  }
}

/// Without a sign where it is not a number: some machines give it one.
private func name(ofNonFinite value: Double) -> String { value.isNaN ? "nan" : "\(value)" }

/// What training took of an epoch, as far as this process did it.
private struct EpochTime {
  private(set) var seconds = 0.0
  private var sessions = 0.0

  var sessionsPerSecond: Double { seconds > 0 ? sessions / seconds : 0 }

  mutating func add(_ seconds: Double, sessions: Double) {
    self.seconds += seconds
    self.sessions += sessions
  }
}

extension EpochRecord {
  /// What a program wants to know of it.
  fileprivate var figures: Logger.Metadata {
    var figures: Logger.Metadata = [
      "epoch": "\(epoch)", "step": "\(step)", "loss": "\(loss)", "sessions_per_second": "\(sessionsPerSecond)",
    ]
    for metric in valid?.all.metrics ?? [] { figures["valid/\(metric.key)"] = "\(valid?.all[metric] ?? 0)" }
    return figures
  }

  /// The record in words.
  fileprivate func sentence(metric: String, value: Double?) -> String {
    let quality = value.map { "  valid \(metric) \($0.formatted(digits: 4))" } ?? ""
    return "epoch \(epoch) done: step \(step)  loss \(loss.formatted(digits: 4))\(quality)  "
      + "\(clock(seconds)) at \(Int(sessionsPerSecond)) sessions/s"
  }
}
