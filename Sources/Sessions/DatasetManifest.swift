import Foundation

/// `dataset.json`: what a prepared data set holds and how it was made.
///
/// It has no dates and no folders in it: the same input and options give the same bytes.
public struct DatasetManifest: Codable, Equatable, Sendable {
  public static let fileName = "dataset.json"
  /// Version 1 is `DatasetVersion1`'s.
  public static let currentVersion = 2

  public struct Split: Codable, Equatable, Sendable {
    public var sessions: Int
    /// Items of the sessions, answers not counted.
    public var clicks: Int
    /// By the locale's name; locales without sessions are left out, and all of it where there are no locales.
    public var sessionsByLocale: [String: Int]?
    public var hasAnswers: Bool
    /// Whether several rows are prefixes of one session; nil where none are.
    public var prefixRows: Bool?
  }

  public struct Options: Codable, Equatable, Sendable {
    /// Names of the files read, without folders.
    public var sessions: [String]
    public var test: String?
    public var truth: String?
    /// Those whose sessions were kept; nil for all.
    public var locales: [String]?
    public var validFraction: Double
    public var seed: UInt64
    public var maxLength: Int
    public var skippedRows: Int
    /// What `0` in a list was said to be; nil where it was found out.
    public var zeros: String?
    /// SHA-256 of the `items.txt` that this vocabulary begins with; nil where it is all its own.
    public var extendedVocabulary: String?
    // What follows is nil where it was not asked for.
    public var valid: String?
    /// How click logs were read.
    public var log: ClickLogReading?
    public var testDays: Double?
    public var validDays: Double?
    public var testFraction: Double?
    public var leaveOneOut: Bool?
    public var minItemCount: Int?
    public var minSessionLength: Int?
    public var unseenTargets: String?
  }

  public var formatVersion = Self.currentVersion
  /// Names by code; nil where there are no locales, and in version 1.
  public var locales: [String]?
  /// Items, padding not counted.
  public var items: Int
  /// By the split's name.
  public var splits: [String: Split]
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
