import Foundation
import Learning
import Logging
import MPI
import Provenance
import Sessions
import Storage

// Where a run comes from and what it leaves: the checkpoint that it goes on from, and those that it saves.
extension TrainingRun {
  /// Gives the model its weights: a checkpoint's, or those that it starts with.
  /// - Returns: how many steps were done before, what the loop remembers of them, and whether the checkpoint is not in
  ///   the run's folder.
  func resumeOrInitialise(
    _ training: Trainer, _ resume: ResumePolicy, lastStep: Int
  ) throws -> (step: Int, progress: RunProgress, isElsewhere: Bool) {
    let checkpoint = try group.together { group.rank == 0 ? try openCheckpoint(resume, lastStep: lastStep) : nil }
    var state = try checkpoint?.state.encoded().map { $0 } ?? []
    try group.broadcast(resizing: &state, from: 0)
    guard !state.isEmpty else {
      try adaptation.start(training, seed: plan.seed, group: group)
      return (0, RunProgress(), false)
    }
    try training.restore(from: checkpoint, group: group)
    let resumed = try CheckpointState(decoding: Data(state))
    log.info(
      "going on after step \(resumed.step)\(resumed.step >= lastStep ? ", the last: nothing is left to do" : "")")
    var isElsewhere = [checkpoint.map { !checkpoints.isOwn($0.folder, step: resumed.step) } ?? false ? Int32(1) : 0]
    try group.broadcast(&isElsewhere, from: 0)
    return (resumed.step, resumed.progress, isElsewhere[0] == 1)
  }

  /// Rank 0's part: finds the checkpoint to go on from, checks that it is this plan's, clears away what
  /// another run left, and writes the configuration.
  private func openCheckpoint(_ resume: ResumePolicy, lastStep: Int) throws -> Checkpoint? {
    let checkpoint = try findCheckpoint(resume)
    if let checkpoint { try requireFit(checkpoint, lastStep: lastStep) }
    let isOwn = checkpoint.map { checkpoints.isOwn($0.folder, step: $0.state.step) } ?? false
    try checkpoints.discard(beyond: resume == .auto || isOwn ? checkpoint?.state.step ?? 0 : -1)
    if isOwn, let state = checkpoint?.state {
      // A run may have been killed before it came to that.
      try checkpoints.publish(step: state.step, best: state.progress.bestStep)
      if checkpoints.isBestLost {
        log.warning("the best checkpoint, after step \(state.progress.bestStep ?? 0), is damaged or missing")
      }
    }
    if checkpoint == nil { try Divergence.remove(fromRun: folder) }
    try RunFolder.write(configuration, to: folder)
    return checkpoint
  }

  private func findCheckpoint(_ resume: ResumePolicy) throws -> Checkpoint? {
    switch resume {
    case .never:
      try checkpoints.restoreLinks()
      if let newest = checkpoints.steps.max() { log.info("removing the run that is there, up to step \(newest)") }
      return nil
    case .from(let path):
      let given = try Checkpoint(path)
      try checkpoints.restoreLinks()
      // A copy's folder in the place of a link is a step's folder now.
      let isThere = FileManager.default.fileExists(atPath: given.folder)
      return isThere ? given : try Checkpoint(checkpoints.path(ofStep: given.state.step))
    case .auto:
      try checkpoints.restoreLinks()
      let useless = Divergence(ofRun: folder)?.useless
      guard let newest = checkpoints.newestWhole(but: useless) else {
        if checkpoints.steps.allSatisfy({ $0 == useless }) { return nil }
        throw CheckpointError.noneIsWhole(path: folder, reason: checkpoints.faultOfNewest)
      }
      for damaged in newest.damaged { log.warning("\(damaged) is damaged: going back to an older checkpoint") }
      return try Checkpoint(newest.folder)
    }
  }

  /// Checks that a checkpoint is this plan's, or, after it diverged, this plan's with a higher learning rate.
  private func requireFit(_ checkpoint: Checkpoint, lastStep: Int) throws {
    let options = decidingOptions
    let divergence = Divergence(ofRun: parentFolder(of: parentFolder(of: checkpoint.folder)))
    let free = divergence == nil ? [] : Divergence.free(checkpoint.state.options, options)
    try checkpoint.requireSame(plan, and: adaptation.decidingOptions, but: free, dataset)
    if !plan.allowsMixedISA { try checkpoint.state.requireSame(BuildInformation.current, path: checkpoint.folder) }
    if checkpoint.state.step > lastStep {
      throw CheckpointError.beyondTheEnd(path: checkpoint.folder, step: checkpoint.state.step, lastStep: lastStep)
    }
    if let divergence, !free.isEmpty {
      log.notice("it diverged at step \(divergence.step): going on with a lower learning rate, \(options["lr"] ?? "")")
    }
  }

  /// Rank 0's question before anything is written: whether the run that is there, if one is, goes on with this plan.
  /// - Throws: what `run(.auto)` would.
  package func requireFit() throws {
    guard let checkpoint = try findCheckpoint(.auto) else { return }
    let sessions = try dataset.trainingSessions(in: plan.locales)
    try requireFit(checkpoint, lastStep: lastStep(of: schedule(of: rows(of: sessions.table, sessions.chosen))))
  }

  private var decidingOptions: [String: String] {
    plan.decidingOptions.merging(adaptation.decidingOptions) { $1 }
  }

  /// Saves a checkpoint and publishes it as the latest while all wait; collective. It takes the place of one that is
  /// being written.
  func saveCheckpoint(
    _ training: Trainer, step: Int, _ progress: RunProgress, in place: FolderIdentity?
  ) throws {
    Activity.begin("checkpoint after step \(step)")
    try timeline.measure(.checkpoint) {
      insideEpochs.cancel()
      try group.together { try place?.requireSame() }
      let state = state(step: step, progress)
      let snapshot = TrainerSnapshot(training, state, items: dataset.itemIDs)
      try snapshot.save(to: checkpoints.path(ofStep: step), group: group)
      try publish(state, in: place)
    }
    insideEpochs.didTake()
  }

  /// Takes a checkpoint that is written while training goes on, or at once where there is no memory for that; collective.
  func takeCheckpoint(
    _ training: Trainer, step: Int, _ progress: RunProgress, in place: FolderIdentity?
  ) throws {
    Activity.begin("checkpoint after step \(step)")
    let isTaken = try timeline.measure(.checkpoint) {
      try insideEpochs.begin(
        training, state(step: step, progress), items: dataset.itemIDs, to: checkpoints.path(ofStep: step), in: place)
    }
    if !isTaken { try saveCheckpoint(training, step: step, progress, in: place) }
    insideEpochs.didTake()
  }

  /// Goes on with the checkpoint that is being written, if there is one; collective.
  func proceed(_ requests: StepRequests.Checkpoints, in place: FolderIdentity?) throws {
    if requests.pieces == 0 && !requests.hasEnded { return }
    try timeline.measure(.checkpoint) {
      if let written = try insideEpochs.proceed(requests) { try publish(written, in: place) }
    }
  }

  /// Publishes a checkpoint that is written as the latest; collective.
  func publish(_ state: CheckpointState, in place: FolderIdentity?) throws {
    try group.together {
      guard group.rank == 0 else { return }
      try place.write {
        try checkpoints.publish(step: state.step, best: state.progress.bestStep)
        try Divergence.remove(fromRun: folder)
      }
    }
  }

  private func state(step: Int, _ progress: RunProgress) -> CheckpointState {
    var state = CheckpointState(
      step: step, options: decidingOptions, items: dataset.itemCount,
      vocabulary: dataset.vocabulary, dataset: dataset.fingerprint, build: BuildInformation.current,
      progress: progress)
    state.inherited = adaptation.pretrained?.inheritance
    return state
  }
}
