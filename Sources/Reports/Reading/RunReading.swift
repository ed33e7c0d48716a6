import Campaigns
import Evaluation
import Foundation
import OptionTables
import Provenance
import Runs
import Storage

/// What the folder of a run tells.
struct RunReading {
  /// What it is called in the page: the folder's last name, or where that is another one's as well, its path.
  var name: String
  let path: String
  /// `config.yaml` as it stands there.
  let configuration: String
  /// The options of that.
  let options: [String: String]
  let epochs: [EpochRecord]
  let steps: [StepRecord]
  /// Of the newest checkpoint; nil where there is none.
  let state: CheckpointState?
  /// Why a checkpoint that is there could not be read.
  let stateFault: String?
  let log: LogReading

  /// - Throws: `RunError` where its configuration is none.
  init(path: String) throws {
    self.path = path
    name = lastName(of: URL(fileURLWithPath: path).standardizedFileURL.path)
    let file = joined(path, "config.yaml")
    let given = try ConfigurationFile.options(at: file)
    options = Dictionary(given.map { ($0.name, $0.text) }) { _, last in last }
    configuration = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
    epochs = Journal.records(ofRun: path)
    steps = Journal.steps(ofRun: path)
    log = LogReading(path: joined(path, RunLogHandler.fileName))
    let store = CheckpointStore(run: path)
    guard let newest = store.steps.last else {
      (state, stateFault) = (nil, nil)
      return
    }
    do {
      // Its weights are not read: they may be many gigabytes.
      (state, stateFault) = (try CheckpointState(reading: store.path(ofStep: newest)), nil)
    } catch {
      (state, stateFault) = (nil, "\(error)")
    }
  }

  /// The metrics of its valid figures, measure by measure.
  var metrics: [RankingMetric] { epochs.lazy.compactMap(\.valid).last?.all.metrics ?? [] }

  /// By what its best epoch is known.
  var validMetric: RankingMetric? {
    let chosen = options["valid_metric"].flatMap { try? RankingMetric(parsing: $0) }
    let computed = metrics
    return computed.contains { $0 == chosen } ? chosen : computed.last { $0.measure == .mrr } ?? computed.last
  }

  /// The best epoch by that; the first of equals.
  var bestEpoch: EpochRecord? {
    guard let metric = validMetric else { return nil }
    func value(_ epoch: EpochRecord) -> Double { epoch.valid?.all[metric] ?? -.infinity }
    return epochs.filter { $0.valid != nil }.reduce(nil as EpochRecord?) { best, epoch in
      best.map { value(epoch) > value($0) ? epoch : $0 } ?? epoch
    }
  }
}

/// What stands in a run's `log.txt`.
struct LogReading {
  /// Its last lines.
  let lastLines: [String]
  /// The command line of the last start; nil where it was not written down.
  let command: String?
  /// What the last start said of model and ranks.
  let start: String?

  private static let mostLines = 40
  private static let longestLine = 400
  /// A log that is longer is read from both ends.
  private static let mostBytes = 1 << 20

  /// - Parameter path: of the file; one that cannot be read says nothing.
  init(path: String) {
    let lines = Self.text(path).split(separator: "\n").map { String($0.prefix(Self.longestLine)) }
    lastLines = Array(lines.suffix(Self.mostLines))
    let words = lines.map(Self.words)
    command = words.last { $0.hasPrefix(Self.commandMark) }.map { String($0.dropFirst(Self.commandMark.count)) }
    start = words.last { $0.firstMatch(of: /^\S+ on \d+ ranks?[,:]/) != nil }
      .map { String($0.prefix { $0 != ":" }) }
  }

  /// What the line of the command begins with.
  private static let commandMark = "command: "

  /// What a line says, without its time, in either format of the log.
  private static func words(_ line: String) -> String {
    if line.hasPrefix("{"), let entry = try? JSONDecoder().decode(Entry.self, from: Data(line.utf8)) {
      return entry.message
    }
    return String(line.drop { $0 != " " }.dropFirst())
  }

  private struct Entry: Decodable { let message: String }

  private static func text(_ path: String) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else { return "" }
    let size = (try? file.seekToEnd()) ?? 0
    func part(from offset: UInt64) -> String {
      try? file.seek(toOffset: offset)
      return String(decoding: (try? file.read(upToCount: mostBytes)) ?? Data(), as: UTF8.self)
    }
    if size <= 2 * mostBytes { return part(from: 0) + (size > mostBytes ? part(from: UInt64(mostBytes)) : "") }
    return part(from: 0) + "\n" + part(from: size - UInt64(mostBytes))
  }
}
