import Foundation
import Logging
import Storage

/// Sends log messages to standard error and to `log.txt` of the run. Rank 0's; the other ranks log nothing.
public struct RunLogHandler: LogHandler {
  public var metadata: Logger.Metadata = [:]
  public var logLevel: Logger.Level = .info
  private let file: FileHandle?

  /// - Parameter run: the folder of the run, which exists; nil for standard error alone.
  public init(run: String?) throws {
    file = try run.map { run in
      let path = (run as NSString).appendingPathComponent("log.txt")
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
    let label = event.level >= .warning ? "\(event.level): " : ""
    let time = Date().ISO8601Format()
    FileHandle.standardError.write(Data("\(label)\(event.message)\n".utf8))
    try? file?.write(contentsOf: Data("\(time) \(label)\(event.message)\n".utf8))
  }

  /// A logger that says nothing, for ranks other than 0.
  public static var silent: Logger { Logger(label: "caravan") { _ in SwiftLogNoOpLogHandler() } }

  /// A logger for rank 0.
  public static func logger(run: String?) throws -> Logger {
    let handler = try RunLogHandler(run: run)
    return Logger(label: "caravan") { _ in handler }
  }
}
