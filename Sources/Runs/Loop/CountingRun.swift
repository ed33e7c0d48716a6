import Evaluation
import Foundation
import Logging
import MPI
import Models
import OptionTables
import Sessions
import Storage
import Text

/// A run of a counting model: one pass over the training sessions, shared over all ranks, and one checkpoint.
public struct CountingRun {
  private let plan: CountingPlan
  private let dataset: PreparedDataset
  private let group: any ProcessGroup
  private let log: Logger
  private let checkpoints: CheckpointStore

  /// - Parameters:
  ///   - dataset: the same on all ranks: see `PreparedDataset.open`.
  ///   - folder: the run's folder, which exists on rank 0's host.
  ///   - log: says what happens; silent on ranks other than 0.
  public init(
    _ plan: CountingPlan, dataset: PreparedDataset, folder: String, group: any ProcessGroup, log: Logger
  ) {
    self.plan = plan
    self.dataset = dataset
    self.group = group
    self.log = log
    checkpoints = CheckpointStore(run: folder)
  }

  /// Counts and writes the checkpoint, unless this plan's is there already; collective.
  /// - Throws: `OptionError` where it is to go on from elsewhere, `RunError.noSessions`,
  ///   `CheckpointError.optionDiffers`, `.otherDataset`; `StorageError`; `MPIError`.
  public func run(_ resume: ResumePolicy) throws {
    if case .from(let path) = resume {
      throw OptionError.badValue("--resume", value: path, allowed: "auto or never: counting is one pass")
    }
    try StopSignal.check(group)
    let sessions = try dataset.trainingSessions(in: plan.locales)
    var isDone = [try group.together { group.rank == 0 ? try isCounted(resume) : false } ? Int32(1) : 0]
    try group.broadcast(&isDone, from: 0)
    if isDone[0] == 1 { return log.info("counted before: nothing left to do") }

    let began = ContinuousClock.now
    let counts = try ItemCounts.count(
      plan.model, in: sessions.table, selection: sessions.chosen, rows: dataset.itemCount + 1,
      localeCount: dataset.locales.count, options: plan.counting, group: group)
    try StopSignal.check(group)
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    let pairs = (counts.transitions?.next.count ?? counts.byLocale?.pairs).map { ", \($0) different transitions" } ?? ""
    log.info("counted \(sessions.chosen.count) sessions\(pairs) in \(seconds.formatted(digits: 2)) s")
    try group.together {
      guard group.rank == 0 else { return }
      try counts.save(to: checkpoints.path(ofStep: 1), state(), model: plan.model, locales: dataset.locales)
      try checkpoints.publish(step: 1, best: 1)
    }
  }

  /// Rank 0's part: whether the run's folder has these counts. Clears away what another run left.
  private func isCounted(_ resume: ResumePolicy) throws -> Bool {
    guard resume == .auto else {
      try checkpoints.discard(beyond: -1)
      return false
    }
    let newest = checkpoints.newestWhole()
    if newest == nil, !checkpoints.steps.isEmpty {
      throw CheckpointError.noneIsWhole(path: checkpoints.folder, reason: checkpoints.faultOfNewest)
    }
    try newest.map { try Checkpoint($0.folder) }?.requireSame(plan, dataset)
    return newest != nil
  }

  private func state() throws -> CheckpointState {
    CheckpointState(
      step: 1, options: plan.decidingOptions, items: dataset.itemCount, vocabulary: dataset.vocabulary,
      dataset: dataset.fingerprint, build: nil, progress: RunProgress(bestStep: 1))
  }
}
