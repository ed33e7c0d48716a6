import Foundation

/// `dataset.json`: what a prepared data set holds and how it was made.
///
/// It has no dates and no folders in it: the same input and options give the same bytes.
public struct DatasetManifest: Codable, Equatable, Sendable {
  /// Its name in the folder of the data set.
  public static let fileName = "dataset.json"
  /// Version 1 is `DatasetVersion1`'s.
  public static let currentVersion = 2

  /// What one of `train`, `valid` and `test` holds.
  public struct Split: Codable, Equatable, Sendable {
    /// Rows of the split's table: sessions, or prefixes of them.
    public var sessions: Int
    /// Items of the sessions, answers not counted.
    public var clicks: Int
    /// By the locale's name; locales without sessions are left out, and all of it where there are no locales.
    public var sessionsByLocale: [String: Int]?
    /// Whether each session has its next item; a test may come without.
    public var hasAnswers: Bool
    /// Whether several rows are prefixes of one session; nil where none are.
    public var prefixRows: Bool?
  }

  /// What decided the data set's bytes, as it was asked for.
  public struct Options: Codable, Equatable, Sendable {
    /// Names of the files read, without folders.
    public var sessions: [String]
    /// The test sessions' file, without its folder; nil where none was given.
    public var test: String?
    /// The file of the test's answers, without its folder; nil where none was given.
    public var truth: String?
    /// Those whose sessions were kept; nil for all.
    public var locales: [String]?
    /// The share of the training sessions that was to be drawn for the valid split: 0 ..< 1.
    public var validFraction: Double
    /// From which the random numbers of what is drawn follow.
    public var seed: UInt64
    /// Clicks that a session has at most, its last ones.
    public var maxLength: Int
    /// Rows that could not be used and were left out.
    public var skippedRows: Int
    /// What `0` in a list was said to be; nil where it was found out.
    public var zeros: String?
    /// SHA-256 of the `items.txt` that this vocabulary begins with; nil where it is all its own.
    public var extendedVocabulary: String?
    // What follows is nil where it was not asked for.
    /// The valid sessions' file, without its folder.
    public var valid: String?
    /// How click logs were read.
    public var log: ClickLogReading?
    /// See `SplitRules`.
    public var testDays: Double?
    /// See `SplitRules`.
    public var validDays: Double?
    /// See `SplitRules`.
    public var testFraction: Double?
    /// `SplitRules.leavesOneOut`: true or nil.
    public var leaveOneOut: Bool?
    /// Items that training had more seldom were left out.
    public var minItemCount: Int?
    /// Sessions with fewer clicks, answer included, were left out.
    public var minSessionLength: Int?
    /// A raw value of `UnseenTargets`.
    public var unseenTargets: String?
  }

  /// `currentVersion`, or 1; no other is read.
  public var formatVersion = Self.currentVersion
  /// Names by code; nil where there are no locales, and in version 1.
  public var locales: [String]?
  /// Items, padding not counted.
  public var items: Int
  /// By the split's name.
  public var splits: [String: Split]
  /// What `caravan prepare` was asked to do.
  public var options: Options
  /// SHA-256 of every other file, by name.
  public var files: [String: String]

  var isVersion1: Bool { formatVersion == DatasetVersion1.number }

  var localeCount: Int { isVersion1 ? DatasetVersion1.names.count : locales?.count ?? 0 }

  /// The names of the locales.
  public var localeNames: LocaleNames { isVersion1 ? DatasetVersion1.names : LocaleNames(locales ?? []) }

  func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }
}
