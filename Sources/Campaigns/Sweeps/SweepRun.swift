import Evaluation
import Foundation
import Logging
import MPI
import Models
import OptionTables
import Runs
import Sessions
import Storage
import Text

/// Runs the jobs of a sweep: groups of ranks take one after another from a queue, and record each as it ends.
package struct SweepRun {
  private let jobs: [SweepJob]
  private let command: any SweptCommand.Type
  private let folder: SweepFolder
  private let group: any ProcessGroup
  private let ranksPerJob: Int
  private let output: RunOutput

  /// - Parameters:
  ///   - sweep: the same on all ranks.
  ///   - folder: made if it is not there; seen by all ranks where there are several groups.
  ///   - ranksPerJob: the ranks of a job; nil for all. The last group has fewer where it does not divide the ranks.
  ///   - output: what jobs say; nothing where several run side by side.
  ///   - commands: those that the sweep may name.
  /// - Throws: `SweepError`, on all ranks.
  package init(
    _ sweep: SweepFile, folder: String, group: any ProcessGroup, ranksPerJob: Int? = nil,
    output: RunOutput = RunOutput(),
    commands: [any SweptCommand.Type] = sweptCommands
  ) throws(SweepError) {
    command = try sweep.chooseCommand(from: commands)
    jobs = try sweep.jobs()
    self.folder = SweepFolder(path: folder)
    self.group = group
    self.ranksPerJob = ranksPerJob ?? group.size
    var output = output
    if self.ranksPerJob < group.size { output.says = .nothing }
    self.output = output
    guard (1...group.size).contains(self.ranksPerJob) else {
      throw .moreRanksThanThereAre(perJob: self.ranksPerJob, ranks: group.size)
    }
  }

  /// Runs what has not ended yet; collective.
  /// - Parameter retryFailed: whether jobs that failed are run again.
  /// - Returns: the results, which are also in the folder; on rank 0 alone.
  /// - Throws: `SweepError.optionDiffers`, `.inputDiffers`, `.allFailed`, `StorageError`; and what ends a job on some
  ///   ranks only, for which see `isSharedFailure`.
  package func run(retryFailed: Bool = false) throws -> SweepResults? {
    let lock = try group.together { () -> FolderLock? in
      guard group.rank == 0 else { return nil }
      guard CheckpointStore(run: folder.path).steps.isEmpty else {
        throw OptionError.badValue("--out", value: folder.path, allowed: "a folder that is not a run's")
      }
      return try RunFolder.claim(folder.path, for: .sweep)
    }
    defer { lock?.release() }
    var waiting = try group.together { group.rank == 0 ? try prepare(retryFailed: retryFailed) : [] }
    try group.broadcast(resizing: &waiting, from: 0)
    guard let part = try group.split(color: group.rank / ranksPerJob, key: group.rank) else {
      preconditionFailure("every rank has a color")
    }
    while let job = try takeJob(of: waiting, for: part) {
      guard let record = try attempt(job, on: part) else { break }
      try part.together {
        guard part.rank == 0 else { return }
        try folder.append(record)
        report(record)
      }
    }
    try group.barrier()
    return try group.together { group.rank == 0 ? try finish() : nil }
  }

  /// Ends the process in order where a signal has left jobs for later; collective.
  /// - Parameter results: what `run` returned.
  /// - Throws: `EndOfProcess`, on all ranks.
  package func requireNothingLeft(_ results: SweepResults?) throws {
    var left = [Int32(clamping: results?.jobsLeft ?? 0)]
    try group.broadcast(&left, from: 0)
    if left[0] == 0 { return }
    let name = try StopSignal.wasReceived(by: group).map(StopSignal.name) ?? "a signal"
    throw StopSignal.end("stopped by \(name): the same command goes on from here")
  }

  /// Rank 0's part before the first job.
  /// - Returns: which jobs are to be run.
  private func prepare(retryFailed: Bool) throws -> [Int32] {
    try folder.create()
    let records = folder.records()
    var inputs = SweepInputs(of: command)
    for job in jobs {
      guard let record = records[job.name] else { continue }
      try record.requireSame(job, command: command.name, folder: folder.path)
      // A job may have failed for what it read, and has no figures to be compared with others.
      guard record.error == nil else { continue }
      try record.requireSame(inputs: inputs.checksums(job.options), folder: folder.path)
    }
    try folder.resetQueue()
    return (0..<Int32(jobs.count)).filter { index in
      guard let record = records[jobs[Int(index)].name] else { return true }
      return retryFailed && record.error != nil
    }
  }

  /// The next job that no group has begun; nil if there is none, or a signal asked to stop. Collective.
  private func takeJob(of waiting: [Int32], for part: any ProcessGroup) throws -> SweepJob? {
    if try StopSignal.wasReceived(by: part) != nil { return nil }
    var place = [try part.together { part.rank == 0 ? try folder.takeFromQueue() : 0 }]
    try part.broadcast(&place, from: 0)
    return place[0] < waiting.count ? jobs[Int(waiting[place[0]])] : nil
  }

  /// Runs a job; collective.
  /// - Returns: how it ended; nil if it was interrupted.
  private func attempt(_ job: SweepJob, on part: any ProcessGroup) throws -> SweepRecord? {
    var record = SweepRecord(job, command: command.name)
    if part.rank == 0 {
      var inputs = SweepInputs(of: command)
      record.inputs = inputs.checksums(job.options)
    }
    let began = ContinuousClock.now
    do {
      let outcome = try command.run(
        job.options, folder: folder.path(ofJob: job.name), group: part, output: output)
      record.figures = outcome.figures
    } catch is EndOfProcess {
      return nil
    } catch  where isSharedFailure(error) {
      record.error = try part.cause(of: error)
    }
    record.seconds = (ContinuousClock.now - began) / .seconds(1)
    return record
  }

  /// Says on standard error that a job has ended.
  private func report(_ record: SweepRecord) {
    let ended = SweepResults(jobs, folder.records())
    let how =
      record.error.map { "failed: \($0)" }
      ?? record.figures.prefix(1).map { "\($0.name) \($0.value.formatted(digits: 4))" }.joined()
    let place = "job \(jobs.count - ended.jobsLeft) of \(jobs.count)"
    StandardError.print("\(place), \(record.job): \(how)  \(clock(record.seconds))\n")
  }

  /// Rank 0's part after the last job.
  private func finish() throws -> SweepResults {
    let results = SweepResults(jobs, folder.records())
    try folder.write(results)
    if let (count, first) = results.failureOfAll {
      throw SweepError.allFailed(jobs: count, folder: folder.path, first: first)
    }
    return results
  }
}

extension SweepFile {
  /// The command that it names.
  /// - Throws: `SweepError.unknownCommand`.
  package func chooseCommand(
    from commands: [any SweptCommand.Type] = sweptCommands
  ) throws(SweepError) -> any SweptCommand.Type {
    guard let command = commands.first(where: { $0.name == self.command }) else {
      throw .unknownCommand(self.command, known: commands.map { $0.name })
    }
    return command
  }
}
