/// What there is to say about a preparation, beside what it made.
public struct PreparationNotes: Sendable {
  /// Rows that were left out; only with `skipsBadRows`.
  public internal(set) var badRows: [BadRow] = []
  /// What was done about zeros, file by file.
  public internal(set) var zeros: [ZerosFound] = []
  /// How click logs were read, file by file.
  public internal(set) var logs: [String] = []
  /// Whether all that a visitor ever clicked is one session.
  public internal(set) var wholeVisitors = false
  /// Click logs whose times, taken for seconds, look like dates.
  public internal(set) var dates: [String] = []
  /// Clicks that are none of the events that are kept.
  public internal(set) var otherEvents = 0
  /// Sessions of one click, which have nothing to be answered by.
  public internal(set) var singleClicks = 0
  /// What the least counts of items and lengths of sessions left out, of training and what is divided off it.
  public internal(set) var filtered = Amount()
  /// Test and valid sessions whose answer training never saw; they were left out where `drop` says so.
  public internal(set) var unseenTargets = 0
  /// What was left out of test and valid sessions since training never saw it.
  public internal(set) var unseen = Amount()

  /// Valid and test sessions that training has, too, click for click, by the split's name.
  public internal(set) var repeated: [String: Int] = [:]

  /// How much was left out.
  public struct Amount: Equatable, Sendable {
    /// Whole sessions.
    public internal(set) var sessions = 0
    /// Clicks, those of the sessions included.
    public internal(set) var clicks = 0

    /// Whether neither sessions nor clicks were left out.
    public var isNothing: Bool { sessions == 0 && clicks == 0 }
  }

  mutating func add(_ zeros: ZerosFound?) {
    if let zeros { self.zeros.append(zeros) }
  }
}
