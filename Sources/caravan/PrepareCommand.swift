import ArgumentParser
import Evaluation
import Foundation
import Sessions
import Storage
import Text

struct PrepareCommand: LeaderCommand {
  static let configuration = CommandConfiguration(
    commandName: "prepare",
    abstract: "Makes a prepared data set from session files.",
    discussion: """
      Reads KDD Cup 2023 files (prev_items,next_item,locale) and RecBole's .inter files; the locale may be missing, and
      have any name. Items are numbered in the order of their first appearance; of a session longer than --max-length
      the last items are kept. The valid
      split is drawn by session: rows that share a session_id, else a user_id, or go on with one another stay together.
      """)

  @Option(help: ArgumentHelp("Training sessions; may be given several times.", valueName: "file"))
  var sessions: [String]

  @Option(help: ArgumentHelp("Test sessions.", valueName: "file"))
  var test: String?

  @Option(
    help: ArgumentHelp(
      "Answers of the test sessions, row by row: next_item, and the locale if there is one.", valueName: "file"))
  var truth: String?

  @Option(help: ArgumentHelp("The folder to make.", valueName: "folder"))
  var out: String

  @Option(help: "csv, inter or auto: by the file's name.")
  var format = SessionFileFormat.auto

  @Option(help: "The share of the training sessions that becomes the valid split.")
  var validFraction = 0.1

  @Option(help: ArgumentHelp("Keep the sessions of these locales only, such as ES,FR,IT.", valueName: "list"))
  var locales: String?

  @Option(help: ArgumentHelp("The locale of sessions in files that name none.", valueName: "locale"))
  var defaultLocale: String?

  @Option(
    help: ArgumentHelp(
      "Extend the vocabulary of this prepared data set: its items keep their rows, new ones come after.",
      valueName: "folder"))
  var vocabulary: String?

  @Option(help: "What the valid split is drawn with.")
  var seed: UInt64 = 2023

  @Option(help: "Items of a session that are kept, the last ones.")
  var maxLength = 50

  @Option(
    help: ArgumentHelp(
      "What 0 in a list of items is. auto: padding where zeros fill up the lists of a file to one length.",
      valueName: "auto|padding|item"))
  var zeros = ZeroMeaning.auto

  @Flag(help: "List rows that cannot be used and go on without them.")
  var skipBadRows = false

  @Flag(help: "Replace the data set that is at --out.")
  var force = false

  func run() throws {
    var options = PreparationOptions(sessions: sessions, out: out)
    options.test = test
    options.truth = truth
    options.format = format
    options.validFraction = validFraction
    options.locales = try locales.map(localeList) ?? []
    options.defaultLocale = defaultLocale
    options.vocabulary = vocabulary
    options.seed = seed
    options.maxLength = maxLength
    options.zeros = zeros
    options.skipsBadRows = skipBadRows
    options.replacesExisting = force
    let line = ProgressLine()
    let summary: PreparationSummary
    do {
      defer { line.clear() }
      summary = try DatasetPreparation.run(options) { line.show($0.line) }
    }
    listBadRows(summary.badRows, "left out")
    summary.zeros.forEach { note($0) }
    if validFraction > 0, summary.manifest.splits[DatasetSplit.valid.rawValue] == nil {
      note("the valid split is empty: of so few sessions none was drawn, see --valid-fraction")
    }
    print(summary.text, terminator: "")
  }

  private func localeList(_ text: String) throws -> [String] {
    guard let names = LocaleName.parse(list: text) else {
      throw SessionsError.invalidOption(name: "--locales", reason: "is no list of locales: write names, such as ES,FR")
    }
    return names
  }
}

extension ZeroMeaning: ExpressibleByArgument {}

extension SessionFileFormat: ExpressibleByArgument {}

extension PreparationProgress {
  /// Such as `reading sessions_train.csv: 45 %, 1623000 sessions`.
  fileprivate var line: String {
    let name = lastName(of: path)
    let share = totalBytes > 0 ? " \(100 * bytesRead / totalBytes) %," : ""
    return "reading \(name):\(share) \(sessions) sessions"
  }
}

extension PreparationSummary {
  /// A table of the splits, then items, time and place.
  fileprivate var text: String {
    let columns = localeColumns
    var rows = [["split", "sessions", "mean length"] + columns.map(\.title)]
    for split in DatasetSplit.allCases {
      guard let counts = manifest.splits[split.rawValue] else { continue }
      let mean = Double(counts.clicks) / Double(max(counts.sessions, 1))
      rows.append(
        [split.rawValue, "\(counts.sessions)", mean.formatted(digits: 2)] + columns.map { "\($0.sessions(counts))" })
    }
    let trainingRows = (manifest.splits["train"]?.sessions ?? 0) + (manifest.splits["valid"]?.sessions ?? 0)
    let bySession =
      trainingSessions < trainingRows
      ? "\(trainingRows) training rows are of \(trainingSessions) sessions: each is in train or valid whole\n" : ""
    return alignedTable(rows) + bySession
      + "\(manifest.items) items\n"
      + "prepared in \(seconds.formatted(digits: 2)) s: \(folder)\n"
  }

  /// A column a locale, of many locales one for all but the largest, and one for sessions without where others have one.
  private var localeColumns: [(title: String, sessions: (DatasetManifest.Split) -> Int)] {
    func sessions(of names: [String], in split: DatasetManifest.Split) -> Int {
      names.reduce(0) { $0 + (split.sessionsByLocale?[$1] ?? 0) }
    }
    let splits = manifest.splits.values
    let sizes = manifest.localeNames.names.map { name in (name, splits.reduce(0) { $0 + sessions(of: [name], in: $1) })
    }
    let locales = sizes.filter { $0.1 > 0 }.map(\.0)
    let (shown, others) = largestLines(sizes.map(\.1).filter { $0 > 0 })
    var columns = shown.map { place in
      (title: locales[place], sessions: { split in sessions(of: [locales[place]], in: split) })
    }
    if !others.isEmpty {
      columns.append(("\(others.count) more", { split in sessions(of: others.map { locales[$0] }, in: split) }))
    }
    let isMixed = splits.contains { sessions(of: locales, in: $0) < $0.sessions }
    if isMixed, !locales.isEmpty {
      columns.append(("(none)", { split in split.sessions - sessions(of: locales, in: split) }))
    }
    return columns
  }
}
