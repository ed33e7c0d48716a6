import Evaluation
import Foundation
import Logging
import Storage

/// What a run says of each epoch: a line of `metrics.jsonl`.
public struct EpochRecord: Codable, Sendable {
  /// From 1.
  public var epoch: Int
  /// Steps done.
  public var step: Int
  /// Mean over the epoch's sessions, in nats.
  public var loss: Double
  /// Of training alone.
  public var seconds: Double
  public var sessionsPerSecond: Double
  /// The figures of the valid split, where there is one.
  public var valid: RankingMetrics?

  enum CodingKeys: String, CodingKey {
    case epoch, step, loss, seconds, valid
    case sessionsPerSecond = "sessions_per_second"
  }
}

/// The record of a run, `metrics.jsonl` and a TensorBoard event file beside it. Only rank 0 keeps one.
///
/// A line that cannot be written, as on a full disk, is said once and ends nothing; it comes with a later one.
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
    let kept = Self.entries(ofRun: run).filter { $0.record.step <= step }
    lines = Data(kept.flatMap { $0.line + [UInt8(ascii: "\n")] })
    try atomicWrite(lines, to: path)
  }

  /// The epochs of a run, as far as its journal can be read.
  package static func records(ofRun run: String) -> [EpochRecord] { entries(ofRun: run).map(\.record) }

  /// The lines that can be read, as they are and what they say.
  private static func entries(ofRun run: String) -> [(line: Data, record: EpochRecord)] {
    let lines = FileManager.default.contents(atPath: path(ofRun: run)) ?? Data()
    return lines.split(separator: UInt8(ascii: "\n")).compactMap { line in
      (try? JSONDecoder().decode(EpochRecord.self, from: line)).map { (line, $0) }
    }
  }

  private static func path(ofRun run: String) -> String { joined(run, "metrics.jsonl") }

  /// Adds an epoch.
  func append(_ record: EpochRecord) {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      lines.append(try encoder.encode(record) + Data("\n".utf8))
      try atomicWrite(lines, to: path)
      try events.append(step: record.step, tag: "train/loss", value: Float(record.loss))
      guard let valid = record.valid else { return }
      for metric in valid.all.metrics {
        try events.append(step: record.step, tag: "valid/\(metric)", value: Float(valid.all[metric] ?? 0))
      }
    } catch {
      if !isWarned { log.warning("training goes on, but its figures are not recorded: \(error)") }
      isWarned = true
    }
  }
}
