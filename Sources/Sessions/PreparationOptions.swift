/// What `caravan prepare` is asked to do.
public struct PreparationOptions: Sendable {
  /// Files of training sessions, read in this order.
  public var sessions: [String]
  /// A file of test sessions.
  public var test: String?
  /// A file of the test sessions' answers, row by row, where the test file has none itself.
  public var truth: String?
  /// The folder to make.
  public var out: String
  public var format = SessionFileFormat.auto
  /// The share of the training sessions, drawn at random, that becomes the valid split: 0 ..< 1.
  public var validFraction = 0.1
  /// The locales whose sessions are kept, in training and test, as they are or in other letters; empty for all.
  public var locales: [String] = []
  /// The locale of sessions in files that do not tell; nil for none.
  public var defaultLocale: String?
  /// A prepared data set whose items keep their rows here, new ones come after; nil numbers from 1.
  public var vocabulary: String?
  public var seed: UInt64 = 2023
  /// Of longer sessions the last items are kept.
  public var maxLength = 50
  /// What `0` in a list of items is.
  public var zeros = ZeroMeaning.auto
  /// Whether rows that cannot be used are counted and listed instead of ending the work.
  public var skipsBadRows = false
  /// Whether an existing data set at `out` is replaced.
  public var replacesExisting = false

  public init(sessions: [String], out: String) {
    self.sessions = sessions
    self.out = out
  }

  /// - Throws: `SessionsError.invalidOption` or another for the first option that makes no sense.
  public func validate() throws {
    if sessions.isEmpty { throw SessionsError.invalidOption(name: "--sessions", reason: "names no file") }
    if !(0..<1).contains(validFraction) {
      throw SessionsError.invalidOption(
        name: "--valid-fraction", reason: "must be at least 0 and below 1, it is \(validFraction)")
    }
    if maxLength < 1 {
      throw SessionsError.invalidOption(name: "--max-length", reason: "must be at least 1, it is \(maxLength)")
    }
    for path in sessions + [test, truth, vocabulary].compactMap({ $0 }) + [out] where path.isEmpty {
      throw SessionsError.invalidOption(name: "a file or folder", reason: "has an empty name: give one")
    }
    if let defaultLocale, !LocaleName.isValid(defaultLocale) {
      throw SessionsError.invalidOption(name: "--default-locale", reason: "is no name of \(LocaleName.rule)")
    }
    if truth != nil, test == nil { throw SessionsError.truthWithoutTest }
  }
}

/// How far the reading of a file is.
public struct PreparationProgress: Sendable {
  public var path: String
  public var bytesRead: Int
  /// 0 where it is not known.
  public var totalBytes: Int
  /// Sessions kept so far, of all files.
  public var sessions: Int
}

/// What was prepared.
public struct PreparationSummary: Sendable {
  public var folder: String
  public var manifest: DatasetManifest
  /// Rows that were left out; only with `skipsBadRows`.
  public var badRows: [BadRow]
  /// What was done about zeros, file by file.
  public var zeros: [ZerosFound]
  /// Training sessions by their ids; as many as rows where no two share one.
  public var trainingSessions: Int
  public var seconds: Double
}
