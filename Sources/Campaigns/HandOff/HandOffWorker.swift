import Catalogue
import Evaluation
import Foundation
import Logging
import MPI
import Runs
import Sessions
import Storage

/// Does the tasks of a hand-off: on whatever group of ranks, a task comes out the same.
struct HandOffWorker {
  let plan: FineTuningPlan
  let dataset: PreparedDataset
  let pretrained: PretrainedModel
  let candidates: CandidateRule
  /// What the figures are about.
  let split: DatasetSplit
  /// Of the whole hand-off.
  let folder: String
  let resume: ResumePolicy
  let output: RunOutput

  /// Zero-shot, fine-tuned, from scratch: one task on all ranks of a group; collective.
  /// - Returns: nil where a signal stopped it.
  /// - Throws: `HandOffError.ofTask`, or an `MPIError`.
  func row(of task: HandOffTask, on group: any ProcessGroup) throws -> HandOffRow? {
    do {
      return try makeRow(of: task, on: group)
    } catch is EndOfProcess {
      return nil
    } catch  where isSharedFailure(error) && !(error is MPIError) {
      throw HandOffError.ofTask(task.name, cause: "\(error)")
    }
  }

  private func makeRow(of task: HandOffTask, on group: any ProcessGroup) throws -> HandOffRow {
    let plan = plan(of: task)
    let options = options(of: plan)
    var done = try group.together { group.rank == 0 ? try finishedRow(of: task, options) : nil } ?? []
    try group.broadcast(resizing: &done, from: 0)
    if !done.isEmpty {
      try group.together { try openLog(path(task.folder), of: group, label: "\(task.name): ").info("done before") }
      return try JSONDecoder().decode(HandOffRow.self, from: Data(done))
    }

    let zeroShot = try evaluate(SessionModelScorer(pretrained.served(on: group)), on: task, group)
    let tuned = try fineTune(task, plan, group)
    var row = HandOffRow(
      name: task.name, folder: task.folder == task.name ? nil : task.folder,
      locales: task.locales.isEmpty ? nil : task.locales, trainSessions: task.sessions, zeroShot: zeroShot,
      fineTuned: tuned.figures, fineTuning: tuned.outcome, options: options)
    if plan.scratch {
      let scratch = try trainFromScratch(task, plan.training, group)
      (row.scratch, row.scratchTraining) = (scratch.figures, scratch.outcome)
    }
    try group.together { if group.rank == 0 { try atomicWrite(row.encoded(), to: rowPath(task)) } }
    return row
  }

  private typealias Result = (figures: RankingMetrics?, outcome: HandOffRow.Outcome)

  private func fineTune(_ task: HandOffTask, _ plan: FineTuningPlan, _ group: any ProcessGroup) throws -> Result {
    try train(task, as: task.folder, group) { try fineTuning(task, plan, group, $0) }
  }

  private func trainFromScratch(_ task: HandOffTask, _ plan: TrainingPlan, _ group: any ProcessGroup) throws -> Result {
    try train(task, as: task.scratchFolder, group) { try fromScratch(task, plan, group, $0) }
  }

  /// The run that adapts the pre-trained model.
  private func fineTuning(
    _ task: HandOffTask, _ plan: FineTuningPlan, _ group: any ProcessGroup, _ log: Logger
  ) throws -> TrainingRun {
    var adaptation = Adaptation()
    adaptation.pretrained = pretrained
    adaptation.frozen = plan.frozen
    adaptation.decidingOptions = [
      "checkpoint": pretrained.checksum, "freeze": plan.frozen.rawValue, "moments": plan.moments.rawValue,
      PretrainedModel.optimizerStepsKey: "\(pretrained.optimizerSteps)",
    ]
    return try run(plan.training, adaptation, plan, as: task.folder, group, log)
  }

  private func fromScratch(
    _ task: HandOffTask, _ plan: TrainingPlan, _ group: any ProcessGroup, _ log: Logger
  ) throws -> TrainingRun {
    try run(plan, Adaptation(), plan, as: task.scratchFolder, group, log)
  }

  private func run(
    _ plan: TrainingPlan, _ adaptation: Adaptation, _ configuration: any RunPlan, as name: String,
    _ group: any ProcessGroup, _ log: Logger
  ) throws -> TrainingRun {
    var adaptation = adaptation
    adaptation.candidates = candidates
    adaptation.label = "\(name): "
    adaptation.decidingOptions["candidates"] = candidates.description
    return try TrainingRun(
      plan, adaptation, configuration: configuration, dataset: dataset, folder: path(name), group: group, log: log,
      output: output)
  }

  /// Rank 0's question before anything is written: whether the runs of a task that are there go on with this plan.
  /// - Throws: `HandOffError.ofTask` where one does not.
  func requireFit(_ task: HandOffTask) throws {
    if resume == .never { return }
    do {
      let plan = plan(of: task), alone = SoloGroup(), silent = RunLogHandler.silent
      if try finishedRow(of: task, options(of: plan)) != nil { return }
      // A run whose best checkpoint is lost is done again.
      func goesOn(_ name: String) -> Bool { !CheckpointStore(run: path(name)).isBestLost }
      if goesOn(task.folder) { try fineTuning(task, plan, alone, silent).requireFit() }
      if plan.scratch, goesOn(task.scratchFolder) { try fromScratch(task, plan.training, alone, silent).requireFit() }
    } catch  where isSharedFailure(error) {
      throw HandOffError.ofTask(task.name, cause: "\(error)")
    }
  }

  /// Trains a model and ranks the report's split with its best checkpoint.
  private func train(
    _ task: HandOffTask, as name: String, _ group: any ProcessGroup, _ makeRun: (Logger) throws -> TrainingRun
  ) throws -> Result {
    let lock = try group.together { group.rank == 0 ? try RunFolder.claim(path(name)) : nil }
    defer { lock?.release() }
    let log = try group.together { try openLog(path(name), of: group, label: "\(name): ") }
    let summary = try makeRun(log).run(try isBestLost(name, group, log) ? .never : resume)
    let best = try OpenedCheckpoint(path(name), for: dataset, group: group)
    let model = try RankingModel.load(
      best, for: dataset, placement: plan.training.itemTable.placement, group: group)
    let outcome = HandOffRow.Outcome(
      steps: summary.step, epochs: summary.epochs, stoppedEarly: summary.isStoppedEarly,
      bestStep: summary.bestStep, bestValid: summary.bestValue, model: best.state.weightsChecksum)
    return (try evaluate(model.rankingScorer(), on: task, group), outcome)
  }

  /// Whether the best checkpoint of a run was made, but is not whole any more: going on from the newest one would not
  /// make it again. Collective.
  private func isBestLost(_ name: String, _ group: any ProcessGroup, _ log: Logger) throws -> Bool {
    var isLost = [Int32(0)]
    try group.together {
      guard group.rank == 0, resume == .auto, CheckpointStore(run: path(name)).isBestLost else { return }
      log.warning("\(path(name))/checkpoints/best is damaged or missing: training anew")
      isLost[0] = 1
    }
    try group.broadcast(&isLost, from: 0)
    return isLost[0] == 1
  }

  /// The figures of the task's sessions in the report's split; nil where it has none.
  private func evaluate(
    _ scorer: any CatalogueScorer, on task: HandOffTask, _ group: any ProcessGroup
  ) throws -> RankingMetrics? {
    guard let sessions = dataset.split(split) else { return nil }
    let selection = sessions.sessions(in: try dataset.locales.codes(of: task.locales))
    if selection.isEmpty { return nil }
    var options = EvaluationOptions()
    options.candidates = candidates
    return try Evaluator(dataset, options, threads: plan.training.threadsPerRank, group: group)
      .evaluate(scorer, on: sessions, selection: selection, split: split.rawValue)
  }

  /// Rank 0's part: the row of an earlier job, if it has these options and the models that it tells of are whole.
  private func finishedRow(of task: HandOffTask, _ options: [String: String]) throws -> [UInt8]? {
    guard let data = FileManager.default.contents(atPath: rowPath(task)),
      let row = try? JSONDecoder().decode(HandOffRow.self, from: data), row.options == options,
      isWhole(task.folder, row.fineTuning), row.scratchTraining.map({ isWhole(task.scratchFolder, $0) }) ?? true
    else { return nil }
    return Array(data)
  }

  private func isWhole(_ name: String, _ outcome: HandOffRow.Outcome) -> Bool {
    let state = try? CheckpointState(verifying: CheckpointStore.resolve(path(name)))
    return state?.weightsChecksum == outcome.model
  }

  /// Rank 0's part before anything is done: the report of an earlier job goes and, where all is done again, the rows.
  func removeStale(_ tasks: [HandOffTask]) throws {
    let rows = resume == .never ? tasks.map(rowPath) : []
    for file in [path(HandOffRow.fileName), path(HandOffReport.tableFileName)] + rows { try removeIfThere(file) }
  }

  /// The plan as if there was this task alone.
  private func plan(of task: HandOffTask) -> FineTuningPlan {
    var plan = self.plan
    plan.training.locales = task.locales
    plan.mode = task.isJoint ? .joint : .each
    plan.candidates = candidates.description
    plan.split = split
    return plan
  }

  /// Everything that a row follows from, by the names of options; data by their checksums.
  private func options(of plan: FineTuningPlan) -> [String: String] {
    var options = plan.decidingOptions
    options["dataset"] = dataset.fingerprint
    options["checkpoint"] = pretrained.checksum
    return options
  }

  /// Makes a run's folder and opens its log, on a group's rank 0.
  func openLog(_ folder: String, of group: any ProcessGroup, label: String = "") throws -> Logger {
    guard group.rank == 0 else { return RunLogHandler.silent }
    try RunFolder.create(folder)
    return try RunLogHandler.logger(run: folder, label: label, output: output)
  }

  func path(_ name: String) -> String { joined(folder, name) }

  private func rowPath(_ task: HandOffTask) -> String { path(task.folder + "/" + HandOffRow.fileName) }
}
