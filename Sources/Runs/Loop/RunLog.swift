import Foundation
import Logging
import Storage
import Text

/// Sends log messages to standard error and to `log.txt` of the run. Rank 0's; the other ranks log nothing.
///
/// Debug messages are for `log.txt` alone: what is said elsewhere as well, such as on standard output.
public struct RunLogHandler: LogHandler {
  package static let fileName = "log.txt"

  /// Not written: only an event's own is.
  public var metadata: Logger.Metadata = [:]
  /// Everything is taken: `RunOutput.says` decides what standard error gets.
  public var logLevel: Logger.Level = .debug
  private let file: FileHandle?
  private let label: String
  private let output: RunOutput

  /// - Parameters:
  ///   - run: the folder of the run, which exists; nil for standard error alone.
  ///   - label: what its lines on standard error begin with, where several runs share it.
  public init(run: String?, label: String = "", output: RunOutput = RunOutput()) throws {
    self.label = label
    self.output = output
    file = try run.map { run in
      let path = joined(run, Self.fileName)
      let isThere = FileManager.default.fileExists(atPath: path)
      guard isThere || FileManager.default.createFile(atPath: path, contents: nil),
        let handle = FileHandle(forWritingAtPath: path)
      else { throw StorageError.cannotWrite(path: path, reason: "it cannot be opened") }
      try handle.seekToEnd()
      return handle
    }
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes the event to `log.txt`, and to standard error where it is not for the file alone.
  /// A line that cannot be written is lost: a run does not end for it.
  public func log(event: LogEvent) {
    let line = line(of: event)
    if output.says != .nothing, event.level >= (output.says == .warnings ? .warning : .info) {
      StandardError.print(output.format == .json ? line : label + words(of: event) + "\n")
    }
    try? file?.write(contentsOf: Data(line.utf8))
  }

  private func line(of event: LogEvent) -> String {
    let time = Date().ISO8601Format()
    guard output.format == .json else { return "\(time) \(words(of: event))\n" }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let entry = JSONEntry(
      level: event.level.rawValue, message: "\(event.message)", time: time,
      figures: (event.metadata ?? [:]).compactMapValues { Double("\($0)") })
    return String(decoding: (try? encoder.encode(entry)) ?? Data(), as: UTF8.self) + "\n"
  }

  private func words(of event: LogEvent) -> String {
    (event.level >= .warning ? "\(event.level): " : "") + "\(event.message)"
  }

  /// A line of the JSON format: what a message carries as numbers stands beside it.
  private struct JSONEntry: Encodable {
    let level: String
    let message: String
    let time: String
    let figures: [String: Double]

    func encode(to encoder: any Encoder) throws {
      try ["level": level, "message": message, "time": time].encode(to: encoder)
      try figures.encode(to: encoder)
    }
  }

  /// A logger that says nothing, for ranks other than 0.
  public static var silent: Logger { Logger(label: "caravan") { _ in SwiftLogNoOpLogHandler() } }

  /// A logger for rank 0.
  public static func logger(run: String?, label: String = "", output: RunOutput = RunOutput()) throws -> Logger {
    let handler = try RunLogHandler(run: run, label: label, output: output)
    return Logger(label: "caravan") { _ in handler }
  }
}
