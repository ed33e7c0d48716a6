import ArgumentParser
import Evaluation
import Foundation
import OptionTables
import Runs
import Sessions
import Text

struct SynthCommand: LeaderCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth",
    abstract: "Makes up sessions with structure to learn, as CSV files in the KDD Cup's shape or as a click log.",
    discussion: """
      Writes sessions_train.csv, sessions_test.csv and truth_test.csv; with --clicks one file, clicks.tsv, in the shape of \
      GRU4Rec's authors, in which a month's clicks lie in the order of their time. The same options give the same bytes.

      caravan synth --out raw --n-sessions 100k --items 20k
      """)

  @Option(help: ArgumentHelp("The folder for the files.", valueName: "folder"))
  var out: String

  @Option(
    help: ArgumentHelp("Sessions, training and test together, such as 40000 or 40k.", valueName: "number"),
    transform: wholeNumber)
  var nSessions: Int

  @Option(help: ArgumentHelp("Different items.", valueName: "number"), transform: wholeNumber)
  var items: Int

  @Option(help: ArgumentHelp("Locales of the sessions.", valueName: "list"))
  var locales = "UK,DE,JP,ES,FR,IT"

  @Option(help: ArgumentHelp("What everything is drawn with.", valueName: "number"))
  var seed: UInt64 = 2023

  @Option(help: ArgumentHelp("The share of the sessions that becomes the test.", valueName: "share"))
  var testFraction = 0.05

  @Flag(help: "Write a click log, a click a row, all sessions in one file.")
  var clicks = false

  @Flag(help: "Replace files of these names in the folder.")
  var force = false

  func run() throws {
    try FolderKind.requireNone(at: out)
    var options = SynthesisOptions(sessions: nSessions, items: items, out: out)
    options.locales = try ShopLocale.parse(list: locales)
    options.seed = seed
    options.testFraction = testFraction
    options.replacesExisting = force
    if clicks { return try writeClicks(options) }
    let line = ProgressLine()
    let summary: SynthesisSummary
    do {
      defer { line.clear() }
      summary = try SyntheticSessions.write(options) { line.show("making up sessions: \($0)") }
    }
    print(
      """
      \(summary.trainSessions) training sessions: \(summary.trainPath)
      \(summary.testSessions) test sessions: \(summary.testPath)
      their answers: \(summary.truthPath)
      mean length \(summary.meanLength.formatted(digits: 2)), made in \(summary.seconds.formatted(digits: 2)) s
      """)
  }

  private func writeClicks(_ options: SynthesisOptions) throws {
    let line = ProgressLine()
    let summary: SyntheticClicks.Summary
    do {
      defer { line.clear() }
      summary = try SyntheticClicks.write(options) { line.show("making up sessions: \($0)") }
    }
    print(
      """
      \(summary.clicks) clicks of \(summary.sessions) sessions: \(summary.path)
      made in \(summary.seconds.formatted(digits: 2)) s
      """)
  }
}

/// A number that may be written short, as `bench --items` takes it: `1.4M`.
private func wholeNumber(_ text: String) throws -> Int {
  guard let number = OptionKind<Int>.count(0...(1 << 50)).parse(text) else { throw ValidationError("such as 100k") }
  return number
}
