import Evaluation
import Foundation
import Logging
import MPI
import Models
import Sessions
import Storage

/// Hands a pre-trained model over to locales: in each, what it is worth as it is, fine-tuned, and against one from
/// scratch.
///
/// The ranks come together in groups (`GroupLayout`), a locale's group trains, evaluates and stops early by itself,
/// as if nothing ran beside it: what comes out for a locale has the same bytes on any number of ranks. What is done
/// is written down at once, in the locale's own folder, and not done again by the same command.
public struct HandOff {
  private let plan: FineTuningPlan
  private let dataset: PreparedDataset
  private let pretrained: PretrainedModel
  private let tasks: [HandOffTask]
  private let candidates: CandidateRule
  private let split: DatasetSplit
  private let folder: String
  private let group: any ProcessGroup
  private let resume: ResumePolicy

  /// Loads and verifies the pre-trained checkpoint on rank 0 and hands it to the others; collective. Everything that
  /// can be wrong with it is found here, before any training.
  /// - Parameters:
  ///   - source: what was given for the options.
  ///   - folder: of the whole hand-off, on a file system that all ranks share.
  ///   - resume: whether to go on from what is there; not `.from`.
  public init(_ source: PlanSource, folder: String, group: any ProcessGroup, resume: ResumePolicy) throws {
    func given(_ name: String) throws -> String {
      guard let text = source.text(of: name) else {
        throw TrainingError.badOption(name: name, value: "missing", allowed: "a folder")
      }
      return text
    }
    let (folderOfDataset, path) = try group.together { (try given("dataset"), try given("checkpoint")) }
    let dataset = try PreparedDataset.open(folderOfDataset, group: group)
    try group.together { try Self.requireNoRun(at: folder) }
    let opened = try OpenedCheckpoint(path, for: dataset, isExtensible: true, group: group)
    let (plan, tasks, split) = try group.together {
      var plan = try FineTuningPlan(source, of: opened, at: path)
      if plan.training.locales.isEmpty { plan.training.locales = dataset.trainingLocales }
      return (plan, try HandOffTask.all(of: plan, in: dataset), try plan.split ?? dataset.splitForReports())
    }
    self.plan = plan
    self.dataset = dataset
    self.tasks = tasks
    self.split = split
    self.folder = folder
    self.group = group
    self.resume = resume
    candidates = try plan.candidateRule()
    pretrained = try PretrainedModel(opened, plan, for: dataset, group: group)
  }

  /// Does what is left to do; collective.
  /// - Returns: on rank 0, what came out; nil on the others, and where SIGUSR1 stopped the job.
  public func run() throws -> HandOffReport? {
    StopSignal.listen()
    let log = try group.together { try openLog(folder, plan, of: group) }
    let layout = GroupLayout(work: tasks.map(\.sessions), ranks: group.size, largestGroup: plan.training.lanes)
    log.info("\(plan.modelName) to \(tasks.map(\.name).joined(separator: ", ")): \(layout.sentence(tasks.map(\.name)))")
    let results = try group.perform(layout) { task, part in
      try run(tasks[task], on: part).map { Array(try $0.encoded()) }
    }
    guard results.allSatisfy({ $0 != nil }) else {
      log.notice("stopped by SIGUSR1; the same command goes on from here")
      return nil
    }
    return try group.together {
      guard group.rank == 0 else { return nil }
      let rows = try results.compactMap { $0 }.map { try JSONDecoder().decode(HandOffRow.self, from: Data($0)) }
      let report = HandOffReport(
        checkpoint: pretrained.checksum, mode: plan.mode.rawValue, candidates: candidates.description,
        split: split.rawValue, rows: rows)
      try atomicWrite(report.encoded(), to: path(HandOffRow.fileName))
      log.info("done: \(path(HandOffRow.fileName))")
      return report
    }
  }

  /// One model, on all ranks of a group.
  /// - Returns: nil where SIGUSR1 stopped it.
  private func run(_ task: HandOffTask, on part: any ProcessGroup) throws -> HandOffRow? {
    let options = try rowOptions(of: task)
    var done = try part.together { part.rank == 0 ? try finishedRow(of: task, options) : nil } ?? []
    try part.broadcast(resizing: &done, from: 0)
    if !done.isEmpty { return try JSONDecoder().decode(HandOffRow.self, from: Data(done)) }

    let zeroShot = try evaluate(SessionModelScorer(pretrained.model), on: task, part)
    guard let tuned = try train(task, task.name, part, adapting: true) else { return nil }
    var row = HandOffRow(
      name: task.name, locales: task.locales.inOrder.map(\.name), trainSessions: task.sessions, zeroShot: zeroShot,
      fineTuned: tuned.figures, fineTuning: tuned.outcome, options: options)
    if plan.scratch {
      guard let scratch = try train(task, task.scratchName, part, adapting: false) else { return nil }
      (row.scratch, row.scratchTraining) = (scratch.figures, scratch.outcome)
    }
    try part.together {
      if part.rank == 0 { try atomicWrite(row.encoded(), to: path(task.name + "/" + HandOffRow.fileName)) }
    }
    return row
  }

  /// Trains a model and ranks the report's split with its best checkpoint.
  /// - Returns: nil where SIGUSR1 stopped it.
  private func train(
    _ task: HandOffTask, _ name: String, _ part: any ProcessGroup, adapting: Bool
  ) throws -> (figures: RankingMetrics?, outcome: HandOffRow.Outcome)? {
    let plan = plan(of: task)
    let log = try part.together {
      adapting
        ? try openLog(path(name), plan, of: part, label: "\(name): ")
        : try openLog(path(name), plan.training, of: part, label: "\(name): ")
    }
    var adaptation = Adaptation()
    adaptation.candidates = candidates
    adaptation.label = "\(name): "
    adaptation.decidingOptions["candidates"] = candidates.description
    if adapting {
      adaptation.pretrained = pretrained
      adaptation.frozen = plan.frozen
      adaptation.decidingOptions["checkpoint"] = pretrained.checksum
      adaptation.decidingOptions["freeze"] = plan.frozen.rawValue
      adaptation.decidingOptions["moments"] = plan.moments.rawValue
    }
    let summary = try TrainingRun(
      plan.training, adaptation, dataset: dataset, folder: path(name), group: part, log: log
    ).run(resume)
    if summary.isInterrupted { return nil }
    let best = try OpenedCheckpoint(path(name), for: dataset, group: part)
    let figures = try evaluate(RankingModel.load(best, for: dataset, group: part).rankingScorer(), on: task, part)
    let outcome = HandOffRow.Outcome(
      steps: summary.step, epochs: summary.epochs, stoppedEarly: summary.isStoppedEarly,
      bestStep: summary.bestStep, bestValid: summary.bestValue, model: best.state.weightsChecksum)
    return (figures, outcome)
  }

  /// The figures of the task's sessions in the report's split; nil where it has none.
  private func evaluate(
    _ scorer: any CatalogueScorer, on task: HandOffTask, _ part: any ProcessGroup
  ) throws -> RankingMetrics? {
    guard let sessions = dataset.split(split) else { return nil }
    let selection = sessions.sessions(in: task.locales)
    if selection.isEmpty { return nil }
    var options = EvaluationOptions()
    options.candidates = candidates
    return try Evaluator(dataset, options, group: part)
      .evaluate(scorer, on: sessions, selection: selection, split: split.rawValue)
  }

  /// The row of an earlier job, if it has these options and the models that it tells of are whole.
  private func finishedRow(of task: HandOffTask, _ options: [String: String]) throws -> [UInt8]? {
    let file = path(task.name + "/" + HandOffRow.fileName)
    guard let data = FileManager.default.contents(atPath: file) else { return nil }
    guard resume == .auto, let row = try? JSONDecoder().decode(HandOffRow.self, from: data), row.options == options,
      isWhole(task.name, row.fineTuning.model),
      row.scratchTraining.map({ isWhole(task.scratchName, $0.model) }) ?? true
    else {
      try FileManager.default.removeItem(atPath: file)
      return nil
    }
    try RunLogHandler.logger(run: path(task.name), label: "\(task.name): ").info("done before")
    return Array(data)
  }

  private func isWhole(_ name: String, _ model: String) -> Bool {
    let state = try? CheckpointState(verifying: CheckpointStore.resolve(path(name)))
    return state?.weightsChecksum == model
  }

  /// The plan as if there was this task alone.
  private func plan(of task: HandOffTask) -> FineTuningPlan {
    var plan = self.plan
    plan.training.locales = task.locales
    plan.mode = task.name == HandOffReport.joint ? .joint : .each
    plan.candidates = candidates.description
    plan.split = split
    return plan
  }

  /// Everything that a row follows from, by the names of options; files by their checksums.
  private func rowOptions(of task: HandOffTask) throws -> [String: String] {
    var options = try plan(of: task).decidingOptions()
    options["dataset"] = dataset.fingerprint
    options["checkpoint"] = pretrained.checksum
    return options
  }

  private func openLog(
    _ folder: String, _ plan: some RunPlan, of group: any ProcessGroup, label: String = ""
  ) throws -> Logger {
    guard group.rank == 0 else { return RunLogHandler.silent }
    try RunFolder.open(folder, plan: plan)
    return try RunLogHandler.logger(run: folder, label: label)
  }

  /// The folder's `config.yaml` is that of the hand-off: another run's must not be lost.
  private static func requireNoRun(at folder: String) throws {
    if CheckpointStore(run: folder).steps.isEmpty { return }
    throw TrainingError.badOption(name: "out", value: folder, allowed: "a folder that is not a run itself")
  }

  private func path(_ name: String) -> String { (folder as NSString).appendingPathComponent(name) }
}

extension PreparedDataset {
  /// The locales that have sessions to train on.
  var trainingLocales: Set<ShopLocale> {
    let counts = split(.train)?.sessionCountsByLocale() ?? []
    return Set(ShopLocale.allCases.filter { Int($0.rawValue) < counts.count && counts[Int($0.rawValue)] > 0 })
  }

  /// The test split where its answers are known, else the valid split.
  /// - Throws: `EvaluationError.noSessions`.
  func splitForReports() throws -> DatasetSplit {
    for split in [DatasetSplit.test, .valid] where manifest.splits[split.rawValue]?.hasAnswers ?? false {
      return split
    }
    throw EvaluationError.noSessions(split: "test or valid")
  }
}

extension GroupLayout {
  /// Who does what, in words.
  fileprivate func sentence(_ names: [String]) -> String {
    groups.map { group in
      let ranks = group.ranks.count == 1 ? "1 rank" : "\(group.ranks.count) ranks"
      return "\(ranks) for \(group.tasks.map { names[$0] }.joined(separator: ", then "))"
    }.joined(separator: "; ")
  }
}
