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
    usage: "caravan prepare --sessions <file> --out <folder> [<options>]",
    discussion: """
      Reads click logs, a click a row, such as GRU4Rec's (SessionId ItemId Time), and session files, a session a row: KDD \
      Cup 2023's (prev_items,next_item,locale) and RecBole's .inter files; tabs, commas or semicolons, gzip's too. Where the \
      names of the columns do not tell what they are for, --columns does. Clicks are put together by session and ordered by \
      time; the last item of a session is its answer; locales may be missing, and have any name. Items are numbered in the order of their first appearance; of a \
      session longer than --max-length the last items are kept. The valid split is drawn by session: rows that share a \
      session_id, else a user_id, or go on with one another stay together.

      caravan prepare --sessions sessions_train.csv --test sessions_test.csv --truth truth_test.csv --out data
      caravan prepare --sessions clicks.tsv --columns session=visitor,item=sku,time=at --test-days 1 --out shop
      """)

  @Option(help: ArgumentHelp("Training sessions; may be given several times.", valueName: "file"))
  var sessions: [String] = []

  @Option(help: ArgumentHelp("Valid sessions, in place of a share of the training sessions.", valueName: "file"))
  var valid: String?

  @Option(help: ArgumentHelp("Test sessions.", valueName: "file"))
  var test: String?

  @Option(
    help: ArgumentHelp(
      "Answers of the test sessions, row by row: next_item, and the locale if there is one.", valueName: "file"))
  var truth: String?

  @Option(help: ArgumentHelp("The folder to make.", valueName: "folder"))
  var out: String?

  @Option(help: ArgumentHelp("Print what the first rows of a file are taken for, and make nothing.", valueName: "file"))
  var explain: String?

  @Option(
    help: ArgumentHelp(
      """
      How columns are named: inter with RecBole's types, as in item_id:token, csv without; auto: by the first row.
      """, valueName: "auto|csv|inter"))
  var format = SessionFileFormat.auto

  @Option(
    help: ArgumentHelp(
      "What columns are for, such as session=visitor,item=sku,time=ts; by numbers from 1 in a file without a header.",
      valueName: "list"))
  var columns: String?

  @Option(
    help: ArgumentHelp(
      "Of click logs: the pause after which a visitor's next session begins, such as 30m. (default: none)",
      valueName: "time"))
  var sessionGap: String?

  @Option(
    help: ArgumentHelp(
      "Of click logs with a column of events: those to keep, such as view,addtocart.", valueName: "list"))
  var events: String?

  @Option(
    help: ArgumentHelp(
      "Items that occur less often are left out, and with them sessions that are then too short.", valueName: "number"))
  var minItemCount = 1

  @Option(help: ArgumentHelp("Sessions of fewer clicks are left out, the answer counted.", valueName: "number"))
  var minSessionLength = 2

  @Option(
    help: ArgumentHelp(
      "The share of the training sessions that becomes the valid split. (default: 0.1, or 0 beside --valid, --valid-days and --leave-one-out)",
      valueName: "share"))
  var validFraction: Double?

  @Option(
    help: ArgumentHelp(
      "The share of all sessions that becomes the test, drawn by session. (default: 0)", valueName: "share"))
  var testFraction: Double?

  @Option(
    help: ArgumentHelp("The sessions that end in the last days become the test. (default: none)", valueName: "days"))
  var testDays: Double?

  @Option(
    help: ArgumentHelp("Of the others, those that end in their last days are valid. (default: none)", valueName: "days")
  )
  var validDays: Double?

  @Flag(help: "The last item of a session is the test's answer, the last but one the valid split's.")
  var leaveOneOut = false

  @Option(
    help: ArgumentHelp(
      "Answers that training never saw: keep counts them as not found; drop leaves out their clicks, or sessions of "
        + "session files.", valueName: "keep|drop"))
  var unseenTargets = UnseenTargets.keep

  @Option(help: ArgumentHelp("Keep the sessions of these locales only, such as ES,FR,IT.", valueName: "list"))
  var locales: String?

  @Option(help: ArgumentHelp("The locale of sessions in files that name none.", valueName: "locale"))
  var defaultLocale: String?

  @Option(
    help: ArgumentHelp(
      "Extend the vocabulary of this prepared data set, or items.txt: its items keep their rows, new ones come after.",
      valueName: "folder|file"))
  var vocabulary: String?

  @Option(help: ArgumentHelp("What the valid split is drawn with.", valueName: "number"))
  var seed: UInt64 = 2023

  @Option(help: ArgumentHelp("Items of a session that are kept, the last ones.", valueName: "number"))
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

  func validate() throws {
    if explain != nil { return }
    if sessions.isEmpty { throw ValidationError("Missing expected argument '--sessions <file>'") }
    if out == nil { throw ValidationError("Missing expected argument '--out <folder>'") }
  }

  func run() throws {
    var options = PreparationOptions(sessions: sessions, out: out ?? "")
    options.valid = valid
    options.test = test
    options.truth = truth
    options.format = format
    options.columns = try columns.map(ColumnChoice.init(parsing:)) ?? ColumnChoice()
    options.sessionGap = try sessionGap.map { try TimeSpan(of: $0, option: "--session-gap").microseconds }
    options.events = events.map { $0.split(separator: ",").map(String.init) } ?? []
    options.minItemCount = minItemCount
    options.minSessionLength = minSessionLength
    options.splits = splits
    options.unseenTargets = unseenTargets
    options.locales = try locales.map(localeList) ?? []
    options.defaultLocale = defaultLocale
    options.vocabulary = vocabulary
    options.seed = seed
    options.maxLength = maxLength
    options.zeros = zeros
    options.skipsBadRows = skipBadRows
    options.replacesExisting = force
    if let explain { return try FileExplanation.tell(explain, options) { print($0) } }
    let line = ProgressLine()
    let summary: PreparationSummary
    do {
      defer { line.clear() }
      summary = try DatasetPreparation.run(options) { line.show($0.line) }
    }
    listBadRows(summary.notes.badRows, "left out")
    summary.notes.lines.forEach { note($0) }
    PreparationDoubts(summary, trained: sessions, ranked: [valid, test].compactMap { $0 }).lines.forEach { note($0) }
    if options.splits.validFraction > 0, summary.manifest.splits[DatasetSplit.valid.rawValue] == nil, !leaveOneOut {
      note("the valid split is empty: of so few sessions none was drawn, see --valid-fraction")
    }
    print(summary.text, terminator: "")
  }
}

extension PrepareCommand {
  /// A valid split is drawn where nothing else says what it is.
  private var splits: SplitRules {
    var rules = SplitRules()
    let isSaid = valid != nil || validDays != nil || leaveOneOut
    rules.validFraction = validFraction ?? (isSaid ? 0 : rules.validFraction)
    rules.testFraction = testFraction ?? 0
    rules.testDays = testDays
    rules.validDays = validDays
    rules.leavesOneOut = leaveOneOut
    return rules
  }
}

extension PreparationNotes {
  /// What to tell people.
  fileprivate var lines: [String] {
    func left(_ amount: Amount) -> String {
      counted(amount.sessions, "session") + " and " + counted(amount.clicks, "click")
    }
    var lines = logs + zeros.map(\.description)
    if wholeVisitors {
      lines.append("all clicks of a visitor are one session; --session-gap 30m cuts them at longer pauses")
    }
    lines += dates.map {
      "\($0): times such as 20230131 are taken for seconds since 1970; write dates as 2023-01-31"
    }
    if otherEvents > 0 { lines.append("\(counted(otherEvents, "click")) of other events left out") }
    if singleClicks > 0 {
      lines.append("\(counted(singleClicks, "session")) of too few clicks left out")
    }
    if !filtered.isNothing {
      lines.append("\(left(filtered)) left out by --min-item-count and --min-session-length")
    }
    if unseenTargets > 0 {
      lines.append(
        "the answer of \(counted(unseenTargets, "session")) never occurs in training"
          + (unseen.isNothing ? ": it counts as not found, see --unseen-targets" : ""))
    }
    if !unseen.isNothing { lines.append("\(left(unseen)) left out that training never saw") }
    return lines
  }
}

extension UnseenTargets: ExpressibleByArgument {}

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
    let bySession =
      trainingSessions < trainingRows
      ? "\(trainingRows - trainingSessions) of \(trainingRows) training rows go on with another: rows of one session are in "
        + "one split\n" : ""
    return alignedTable(rows) + bySession
      + "\(counted(manifest.items, "item"))\n"
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
