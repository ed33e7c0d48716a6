import Evaluation
import Foundation
import Logging
import MPI
import OptionTables
import Runs
import Sessions
import Storage
import Text

/// Hands a pre-trained model over to locales: in each, what it is worth as it is, fine-tuned, and against one from
/// scratch.
///
/// The ranks come together in groups (`GroupLayout`); a locale's group trains, evaluates and stops early by itself,
/// as if nothing ran beside it: what comes out for a locale has the same bytes on any number of ranks. What is done
/// is written down at once, in the locale's own folder, and not done again by the same command.
package struct HandOff {
  private let worker: HandOffWorker
  private let tasks: [HandOffTask]
  private let group: any ProcessGroup
  /// Which ranks do which of the tasks.
  private let layout: GroupLayout

  /// Loads and verifies the pre-trained checkpoint on rank 0 and hands it to the others; collective. Everything that
  /// can be wrong with it is found here, before any training and before anything is written.
  /// - Parameters:
  ///   - source: what was given for the options.
  ///   - folder: of the whole hand-off, on a file system that all ranks share.
  ///   - startsAnew: whether what is there already is done again.
  ///   - isSideBySide: whether locales get groups of ranks of their own. Without, all ranks do one after another, and
  ///     what fails for one fails on all of them together.
  ///   - output: what is said meanwhile.
  /// - Throws: `OptionError`, `HandOffError`, `RunError`, `CheckpointError`, `SessionsError`, `StorageError`,
  ///   `EvaluationError`, `MPIError`.
  package init(
    _ source: PlanSource, folder: String, startsAnew: Bool = false, isSideBySide: Bool = true,
    output: RunOutput = RunOutput(), group: any ProcessGroup
  ) throws {
    let (path, checkpoint) = try group.together {
      try Self.requireNoRun(at: folder)
      return try Self.requireOptions(source)
    }
    let dataset = try PreparedDataset.open(path, group: group)
    let opened = try OpenedCheckpoint(checkpoint, for: dataset, group: group)
    var (plan, tasks, split) = try group.together {
      var plan = try FineTuningPlan(source, of: opened, at: checkpoint)
      plan.training.locales = try dataset.locales.canonical(plan.training.locales)
      if plan.training.locales.isEmpty { plan.training.locales = dataset.trainingLocales }
      _ = try RankingMetric(parsing: plan.training.validMetric)
      return (plan, try HandOffTask.all(of: plan, in: dataset), try dataset.splitForReports(asked: plan.split))
    }
    layout =
      isSideBySide
      ? GroupLayout(work: tasks.map(\.sessions), ranks: group.size, largestGroup: plan.training.mostRanks)
      : GroupLayout(inTurn: tasks.count, ranks: group.size)
    plan.training.itemTable = try Self.choosePlacement(plan, layout, dataset, group)
    // All groups of a node at once, and before any of them takes memory.
    try MemoryForecast(of: plan, layout, on: dataset, group: group).requireRoom(group: group)
    try StopSignal.check(group)
    let pretrained = try PretrainedModel(
      opened, plan.training, keepsMoments: plan.moments == .keep, for: dataset, layout: layout, group: group)
    worker = HandOffWorker(
      plan: plan, dataset: dataset, pretrained: pretrained,
      candidates: try plan.candidateRule().resolved(among: dataset.locales), split: split, folder: folder,
      resume: startsAnew ? .never : .auto, output: output)
    self.tasks = tasks
    self.group = group
  }

  /// Where the groups have their item tables: one rule for all of them, that of the largest.
  private static func choosePlacement(
    _ plan: FineTuningPlan, _ layout: GroupLayout, _ dataset: PreparedDataset, _ group: any ProcessGroup
  ) throws -> ItemTableChoice {
    guard plan.training.itemTable == .auto else { return plan.training.itemTable }
    let sessions = try dataset.trainingSessions(in: plan.training.locales).table
    let choice = try PlacementChoice(
      .auto, plan.training.model, StepLoad(plan.training, sessions, items: dataset.itemCount),
      ranks: layout.groups.map(\.ranks.count).max() ?? 1, group: group)
    return choice.placement == .sharded ? .sharded : .replicated
  }

  /// Does what is left to do; collective.
  /// - Returns: on rank 0, what came out; nil on the others.
  /// - Throws: `EndOfProcess` where a signal stopped the job, and what can go wrong.
  package func run() throws -> HandOffReport? {
    let plan = worker.plan, names = tasks.map(\.name)
    let lock = try group.together { group.rank == 0 ? try RunFolder.claim(worker.folder, for: .handOff) : nil }
    defer { lock?.release() }
    let log = try group.together { () -> Logger in
      guard group.rank == 0 else { return RunLogHandler.silent }
      try tasks.forEach(worker.requireFit)
      try RunFolder.write(plan, to: worker.folder)
      try worker.removeStale(tasks)
      return try worker.openLog(worker.folder, of: group)
    }
    log.info("\(plan.modelName) to \(names.joined(separator: ", ")): \(layout.sentence(names))")
    if worker.pretrained.isOfAnotherPreparation {
      log.warning(
        """
        the checkpoint was trained on another preparation than \(worker.dataset.folder): valid and test sessions may be among \
        those that it learned
        """)
    }
    if worker.dataset.split(.valid) == nil {
      log.warning("without a valid split no run stops early, and the last epoch counts: see prepare --valid-fraction")
    }
    let results = try group.perform(layout) { task, part in
      try worker.row(of: tasks[task], on: part).map { Array(try $0.encoded()) }
    }
    guard results.allSatisfy({ $0 != nil }) else {
      let name = try StopSignal.wasReceived(by: group).map(StopSignal.name) ?? "a signal"
      log.notice("stopped by \(name); the same command goes on from here")
      throw StopSignal.end(nil)
    }
    return try group.together {
      guard group.rank == 0 else { return nil }
      let rows = try results.compactMap { $0 }.map { try JSONDecoder().decode(HandOffRow.self, from: Data($0)) }
      let report = HandOffReport(
        checkpoint: worker.pretrained.checksum, mode: plan.mode.rawValue,
        candidates: worker.candidates.description, split: worker.split.rawValue, rows: rows)
      let path = worker.path(HandOffRow.fileName)
      try atomicWrite(report.encoded(), to: path)
      try atomicWrite(Data(report.table.utf8), to: worker.path(HandOffReport.tableFileName))
      log.info("done: \(path)")
      return report
    }
  }

  /// What each epoch is judged by.
  var validMetric: String { worker.plan.training.validMetric }

  /// The options that must be given.
  /// - Throws: `OptionError.missing` for the first that is not.
  @discardableResult
  static func requireOptions(_ source: PlanSource) throws(OptionError) -> (dataset: String, checkpoint: String) {
    let table = FineTuningPlan().table
    return (try source.required("dataset", of: table), try source.required("checkpoint", of: table))
  }

  /// The folder's `config.yaml` is that of the hand-off: another run's must not be lost.
  private static func requireNoRun(at folder: String) throws {
    func isRun(_ folder: String) -> Bool { !CheckpointStore(run: folder).steps.isEmpty }
    let isWithinRun = withoutEndingSlashes(folder).hasSuffix("/checkpoints") && isRun(parentFolder(of: folder))
    if isRun(folder) || isWithinRun {
      throw OptionError.badValue("--out", value: folder, allowed: "a folder that is not a run itself")
    }
  }
}

extension MemoryForecast {
  /// What this rank needs in its group of a hand-off.
  /// - Throws: `MPIError.moreRanksThanLanes`, `.lanesNotAPowerOfTwo`, `RunError.noSessions`.
  fileprivate init(
    of plan: FineTuningPlan, _ layout: GroupLayout, on dataset: PreparedDataset, group: any ProcessGroup
  ) throws {
    let ranks = layout.groups.first { $0.ranks.contains(group.rank) }?.ranks
    let sessions = try dataset.trainingSessions(in: plan.training.locales).table
    let load = StepLoad(plan.training, sessions, items: dataset.itemCount)
    try self.init(
      plan.training.model, load, rank: ranks.map { group.rank - $0.lowerBound } ?? 0, size: ranks?.count ?? 1,
      pretrained: Pretrained(keepsMoments: plan.moments == .keep, isTrained: ranks != nil))
  }
}

extension PreparedDataset {
  /// The locales that have sessions to train on.
  fileprivate var trainingLocales: [String] {
    let counts = split(.train)?.sessionCounts(of: locales) ?? []
    return zip(locales.names, counts).filter { $0.1 > 0 }.map(\.0)
  }

  /// The split that was asked for; else the test split where its answers are known, else the valid split.
  /// - Throws: `EvaluationError.noSessions` where there is none with answers.
  fileprivate func splitForReports(asked: DatasetSplit?) throws(EvaluationError) -> DatasetSplit {
    for split in asked.map({ [$0] }) ?? [DatasetSplit.test, .valid]
    where manifest.splits[split.rawValue]?.hasAnswers ?? false {
      return split
    }
    throw .noSessions(split: asked?.rawValue ?? "test or valid")
  }
}

extension GroupLayout {
  /// Who does what, in words.
  fileprivate func sentence(_ names: [String]) -> String {
    groups.map { group in
      let ranks = counted(group.ranks.count, "rank")
      return "\(ranks) for \(group.tasks.map { names[$0] }.joined(separator: ", then "))"
    }.joined(separator: "; ")
  }
}
