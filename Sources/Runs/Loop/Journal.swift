import Evaluation
import Foundation
import Logging
import Storage

/// What a run says of each epoch: a line of `metrics.jsonl`.
package struct EpochRecord: Codable, Sendable {
  /// From 1.
  package var epoch: Int
  /// Steps done.
  package var step: Int
  /// Mean over the epoch's targets, in nats.
  package var loss: Double
  /// Of training alone.
  package var seconds: Double
  package var sessionsPerSecond: Double
  /// The figures of the valid split, where there is one.
  package var valid: RankingMetrics?

  enum CodingKeys: String, CodingKey {
    case epoch, step, loss, seconds, valid
    case sessionsPerSecond = "sessions_per_second"
  }
}

/// The record of a run, `metrics.jsonl` and a TensorBoard event file beside it: epochs, and some steps in between. Only
/// rank 0 keeps one.
///
/// A line that cannot be written, as on a full disk, is said once and ends nothing; it comes with a later epoch's.
package final class Journal {
  private let path: String
  private let events: EventFile
  private let log: Logger
  private var lines: Data
  private var isWarned = false

  /// Opens the journal of a run that starts, or goes on, after `step` steps: lines from beyond are dropped.
  init(run: String, step: Int, log: Logger) throws {
    path = Self.path(ofRun: run)
    events = try EventFile(folder: run)
    self.log = log
    let kept = Self.entries(ofRun: run).filter { $0.entry.step <= step }
    lines = Data(kept.flatMap { $0.line + [UInt8(ascii: "\n")] })
    try atomicWrite(lines, to: path)
  }

  /// The epochs of a run, as far as its journal can be read.
  package static func records(ofRun run: String) -> [EpochRecord] {
    entries(ofRun: run).compactMap { if case .epoch(let record) = $0.entry { record } else { nil } }
  }

  /// The steps in between.
  package static func steps(ofRun run: String) -> [StepRecord] {
    entries(ofRun: run).compactMap { if case .step(let record) = $0.entry { record } else { nil } }
  }

  /// What a line says. An epoch's has a number of its own.
  private enum Entry: Decodable {
    case epoch(EpochRecord)
    case step(StepRecord)

    var step: Int {
      switch self {
      case .epoch(let record): record.step
      case .step(let record): record.step
      }
    }

    init(from decoder: any Decoder) throws {
      if let epoch = try? EpochRecord(from: decoder) {
        self = .epoch(epoch)
      } else {
        self = .step(try StepRecord(from: decoder))
      }
    }
  }

  /// The lines that can be read, as they are and what they say.
  private static func entries(ofRun run: String) -> [(line: Data, entry: Entry)] {
    let lines = FileManager.default.contents(atPath: path(ofRun: run)) ?? Data()
    return lines.split(separator: UInt8(ascii: "\n")).compactMap { line in
      (try? JSONDecoder().decode(Entry.self, from: line)).map { (line, $0) }
    }
  }

  private static func path(ofRun run: String) -> String { joined(run, "metrics.jsonl") }

  /// Adds an epoch.
  func append(_ record: EpochRecord) {
    attempt {
      lines.append(try line(record))
      try atomicWrite(lines, to: path)
      try events.append(step: record.step, tag: "train/epoch_loss", value: record.loss)
      guard let valid = record.valid else { return }
      try append(valid.all, under: "valid", step: record.step)
      for (locale, values) in valid.locales.sorted(by: { $0.key < $1.key }) {
        try append(values, under: "valid_\(locale)", step: record.step)
      }
    }
  }

  /// Adds some steps. The file is not synced for them: what a crash takes away is trained again.
  func append(_ record: StepRecord) {
    attempt {
      let line = try line(record)
      lines.append(line)
      guard let file = FileHandle(forWritingAtPath: path) else {
        throw StorageError.cannotWrite(path: path, reason: "it cannot be opened")
      }
      try file.seekToEnd()
      try file.write(contentsOf: line)
      try events.append(step: record.step, tag: "train/loss", value: record.loss)
      try events.append(step: record.step, tag: "train/lr", value: record.lr)
      try events.append(step: record.step, tag: "train/sessions_per_second", value: record.sessionsPerSecond)
      try events.append(step: record.step, tag: "train/waiting", value: record.waiting)
    }
  }

  /// Metrics under the names that they have in JSON.
  private func append(_ values: MetricValues, under group: String, step: Int) throws {
    for metric in values.metrics {
      try events.append(step: step, tag: "\(group)/\(metric.key)", value: values[metric] ?? 0)
    }
  }

  private func line(_ record: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return try encoder.encode(record) + Data("\n".utf8)
  }

  private func attempt(_ write: () throws -> Void) {
    do {
      try write()
    } catch {
      if !isWarned { log.warning("training goes on, but its figures are not recorded: \(error)") }
      isWarned = true
    }
  }
}
