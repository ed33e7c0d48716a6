import Foundation
import Logging
import Storage
import Text

/// Sends log messages to standard error and to `log.txt` of the run. Rank 0's; the other ranks log nothing.
public struct RunLogHandler: LogHandler {
  static let fileName = "log.txt"

  public var metadata: Logger.Metadata = [:]
  public var logLevel: Logger.Level = .info
  private let file: FileHandle?
  private let label: String?

  /// - Parameters:
  ///   - run: the folder of the run, which exists; nil for standard error alone.
  ///   - label: what its lines on standard error begin with, where several runs share it; nil for none there.
  public init(run: String?, label: String? = "") throws {
    self.label = label
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

  public func log(event: LogEvent) {
    let level = event.level >= .warning ? "\(event.level): " : ""
    let time = Date().ISO8601Format()
    if let label { StandardError.print("\(label)\(level)\(event.message)\n") }
    try? file?.write(contentsOf: Data("\(time) \(level)\(event.message)\n".utf8))
  }

  /// A logger that says nothing, for ranks other than 0.
  public static var silent: Logger { Logger(label: "caravan") { _ in SwiftLogNoOpLogHandler() } }

  /// A logger for rank 0.
  public static func logger(run: String?, label: String? = "") throws -> Logger {
    let handler = try RunLogHandler(run: run, label: label)
    return Logger(label: "caravan") { _ in handler }
  }
}
