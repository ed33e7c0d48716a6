import Evaluation
import Foundation
import Runs
import Storage
import Text

/// The folder of a sweep: a folder for each job, a line for each that ended, and the results.
///
/// Where jobs run side by side on several hosts, all of them see the same folder.
package struct SweepFolder {
  package static let recordsFile = FolderKind.recordsOfSweep

  let path: String

  /// - Parameter path: the folder; nothing is created.
  package init(path: String) { self.path = path }

  func path(ofJob name: String) -> String { joined(joined(path, "jobs"), name) }

  /// Makes the folder unless it is there.
  func create() throws {
    do {
      try FileManager.default.createDirectory(atPath: joined(path, "jobs"), withIntermediateDirectories: true)
    } catch {
      throw StorageError.cannotWrite(path: path, reason: "the folder cannot be made")
    }
  }

  // MARK: Records

  /// Adds the record of a job that has ended. Processes may do so at the same time.
  func append(_ record: SweepRecord) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = String(decoding: try encoder.encode(record), as: UTF8.self)
    try LockedFile(path: joined(path, Self.recordsFile)).append(line: line)
  }

  /// The last record of each job, by name. A line that a killed process left unfinished is passed over.
  package func records() -> [String: SweepRecord] {
    let lines = FileManager.default.contents(atPath: joined(path, Self.recordsFile)) ?? Data()
    return lines.split(separator: UInt8(ascii: "\n")).reduce(into: [:]) { records, line in
      if let record = try? JSONDecoder().decode(SweepRecord.self, from: line) { records[record.job] = record }
    }
  }

  // MARK: The queue

  /// Starts counting from 0.
  func resetQueue() throws { try LockedFile(path: queue).replace(with: "0") }

  /// How often this was called since `resetQueue`, by all processes: each number comes once.
  func takeFromQueue() throws -> Int {
    let file = try LockedFile(path: queue)
    guard let next = Int(String(decoding: try file.contents(), as: UTF8.self)) else {
      throw StorageError.cannotRead(path: queue, reason: "another sweep may be running in its folder")
    }
    try file.replace(with: "\(next + 1)")
    return next
  }

  private var queue: String { joined(path, ".queue") }

  // MARK: Results

  /// Writes the table, and what leads to the best job: `best.yaml`, a configuration file, and the link `best`.
  func write(_ results: SweepResults) throws {
    try atomicWrite(Data(results.text.utf8), to: joined(path, "results.txt"))
    guard let best = results.done.first else { return }
    let configuration = joined(path(ofJob: best.job.name), "config.yaml")
    guard let text = FileManager.default.contents(atPath: configuration) else {
      throw StorageError.cannotRead(path: configuration, reason: "it is missing")
    }
    let figures = best.record.figures.map { "\($0.name) \($0.value.formatted(digits: 4))" }.joined(separator: ", ")
    let comment = "# \(best.job.name): \(figures) on the valid split, the best of \(results.done.count).\n"
    try atomicWrite(Data(comment.utf8) + text, to: joined(path, "best.yaml"))
    try replaceSymbolicLink(at: joined(path, "best"), to: "jobs/\(best.job.name)")
  }
}

/// How a job ended: a line of `jobs.jsonl`.
package struct SweepRecord: Codable, Equatable, Sendable {
  package let job: String
  package let command: String
  package let options: [String: String]
  /// What tells the contents of what the job read apart, by the option that names it: see `SweptCommand.inputs`.
  var inputs: [String: String] = [:]
  /// The first decides; empty for a job that failed.
  package var figures: [SweepFigure] = []
  /// What a job failed of; nil for one that did not.
  package var error: String?
  /// Since the job was last begun or taken up.
  package var seconds = 0.0

  init(_ job: SweepJob, command: String) {
    self.job = job.name
    self.command = command
    options = job.options
  }

  /// - Throws: `SweepError.optionDiffers` for the first option, by name, that is not what it was.
  func requireSame(_ job: SweepJob, command: String, folder: String) throws(SweepError) {
    var saved = options, current = job.options
    (saved["command"], current["command"]) = (self.command, command)
    for name in Set(saved.keys).union(current.keys).sorted() where saved[name] != current[name] {
      throw .optionDiffers(
        job: job.name, option: name, saved: saved[name] ?? "unset", current: current[name] ?? "unset", folder: folder)
    }
  }

  /// - Parameter current: the inputs as they are now. One that is missing there cannot be read any more; what was
  ///   reached with it still stands.
  /// - Throws: `SweepError.inputDiffers` for the first, by its option, that is not what it was.
  func requireSame(inputs current: [String: String], folder: String) throws(SweepError) {
    for (option, contents) in current.sorted(by: { $0.key < $1.key }) where inputs[option] != contents {
      throw .inputDiffers(job: job, option: option, path: options[option] ?? "", folder: folder)
    }
  }
}
