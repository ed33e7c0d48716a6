/// What `caravan prepare` is asked to do.
public struct PreparationOptions: Sendable {
  /// Files of training sessions, read in this order.
  public var sessions: [String]
  /// A file of valid sessions, in place of those that are drawn.
  public var valid: String?
  /// A file of test sessions.
  public var test: String?
  /// A file of the test sessions' answers, row by row, where the test file has none itself.
  public var truth: String?
  /// The folder to make.
  public var out: String
  /// How the files are written.
  public var format = SessionFileFormat.auto
  /// What columns are for, where their names do not tell.
  public var columns = ColumnChoice()
  /// How sessions are divided into training, valid and test.
  public var splits = SplitRules()
  /// Of click logs: microseconds without a click after which another session begins.
  public var sessionGap: Int64?
  /// Of click logs: the events that are kept; empty for all.
  public var events: [String] = []
  /// Items that training has more seldom are left out; at least 1.
  public var minItemCount = 1
  /// Sessions with fewer clicks, answer included, are left out; at least 2.
  public var minSessionLength = 2
  /// What becomes of test and valid items that training never saw.
  public var unseenTargets = UnseenTargets.keep
  /// The locales whose sessions are kept, in training and test, as they are or in other letters; empty for all.
  public var locales: [String] = []
  /// The locale of sessions in files that do not tell; nil for none.
  public var defaultLocale: String?
  /// A prepared data set whose items keep their rows here, new ones come after; nil numbers from 1.
  public var vocabulary: String?
  /// From which the random numbers of what is drawn follow.
  public var seed: UInt64 = 2023
  /// Of longer sessions the last items are kept.
  public var maxLength = 50
  /// What `0` in a list of items is.
  public var zeros = ZeroMeaning.auto
  /// Whether rows that cannot be used are counted and listed instead of ending the work.
  public var skipsBadRows = false
  /// Whether an existing data set at `out` is replaced.
  public var replacesExisting = false

  /// Training sessions from these files into this folder, all else at its default.
  public init(sessions: [String], out: String) {
    self.sessions = sessions
    self.out = out
  }

  /// - Throws: `SessionsError.invalidOption` or another for the first option that makes no sense.
  public func validate() throws {
    if sessions.isEmpty { throw SessionsError.invalidOption(name: "--sessions", reason: "names no file") }
    try splits.validate(hasValid: valid != nil, hasTest: test != nil)
    if minItemCount < 1 {
      throw SessionsError.invalidOption(name: "--min-item-count", reason: "must be at least 1, it is \(minItemCount)")
    }
    if minSessionLength < 2 {
      throw SessionsError.invalidOption(
        name: "--min-session-length", reason: "must be at least 2, a click and its answer, it is \(minSessionLength)")
    }
    if maxLength < 1 {
      throw SessionsError.invalidOption(name: "--max-length", reason: "must be at least 1, it is \(maxLength)")
    }
    for path in sessions + [valid, test, truth, vocabulary].compactMap({ $0 }) + [out] where path.isEmpty {
      throw SessionsError.invalidOption(name: "a file or folder", reason: "has an empty name: give one")
    }
    if let defaultLocale, !LocaleName.isValid(defaultLocale) {
      throw SessionsError.invalidOption(name: "--default-locale", reason: "is no name of \(LocaleName.rule)")
    }
    if truth != nil, test == nil { throw SessionsError.truthWithoutTest }
  }
}

extension PreparationOptions {
  /// Whether some items or sessions are too seldom or too short.
  var filters: Bool { minItemCount > 1 || minSessionLength > 2 }
}

/// How far the reading of a file is.
public struct PreparationProgress: Sendable {
  /// The file that is being read.
  public var path: String
  /// Bytes read of it, packed ones where it is gzip's.
  public var bytesRead: Int
  /// 0 where it is not known.
  public var totalBytes: Int
  /// Sessions kept so far, of all files.
  public var sessions: Int
}

/// What was prepared.
public struct PreparationSummary: Sendable {
  /// Where the data set is.
  public var folder: String
  /// What its `dataset.json` says.
  public var manifest: DatasetManifest
  /// What there is to say to whoever asked for it.
  public var notes: PreparationNotes
  /// Rows of session files to train on.
  public var trainingRows: Int
  /// The sessions that those rows are of: as many, where no two rows share an id.
  public var trainingSessions: Int
  /// How long it took, from reading to the last file.
  public var seconds: Double
}
