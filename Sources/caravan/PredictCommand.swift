import ArgumentParser
import Evaluation
import Foundation
import MPI
import Runs
import Sessions
import Text

struct PredictCommand: GroupCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predicts the next products of the sessions in a file, as a KDD Cup 2023 submission.",
    discussion: """
      Items that training never saw are left out of the sessions, and counted. A session of which nothing is \
      left, or that is empty, gets the most popular of its candidates; with --candidates locale, one of a locale that \
      the data set does not know is ranked among all products. The output has a row for every row of the \
      sessions; with --skip-bad-rows that goes for rows that cannot be read, too.

      caravan predict --dataset data --checkpoint runs/narm --sessions sessions_test.csv --candidates locale --out predictions.csv
      """)

  @OptionGroup var ranking: RankingOptions

  @Option(
    help: ArgumentHelp("The sessions: a session file, with or without answers, or a click log.", valueName: "file"))
  var sessions: String

  @OptionGroup var file: SessionFileOptions

  @Option(help: ArgumentHelp("Products a session. (default: 100, or all that there are)", valueName: "number"))
  var top: Int?

  @Option(help: ArgumentHelp("Where to write: .csv or .jsonl.", valueName: "file"))
  var out: String

  @Flag(
    help: """
      List rows that cannot be read and answer them like empty sessions; where the locale cannot be read either, with \
      an empty list.
      """)
  var skipBadRows = false

  @Flag(help: "Replace the file that is at --out. What is read is never replaced.")
  var force = false

  @OptionGroup var machine: MachineOptions

  func run(_ group: any ProcessGroup) throws {
    try warnOfShortCores(threads: ranking.threadsPerRank, group)
    let request = try ranking.request(group)
    let settings = try ranking.settings(request)
    let writer = try PredictionWriter(path: out)
    try group.requirePlaces(for: [out], replaces: force, inputs: [sessions] + ranking.inputs(request))
    let dataset = try PreparedDataset.open(ranking.dataset, group: group)
    let reading = try group.together { try file.reading(of: dataset, skipsBadRows: skipBadRows) }
    var recommender = try ranking.recommender(request, settings, for: dataset, reading, group: group)
    let asked = try group.together {
      group.rank == 0 ? try reading.read(sessions, of: dataset, for: recommender) : nil
    }
    // Rank 0's sessions are everybody's: a pipe can be read once, and files of one name may be others elsewhere.
    let table = try SessionTable.broadcast(asked?.table, group: group)
    if settings.isTransductive { try recommender.learnTransitions(within: table) }
    let options = settings.predicting(top: top ?? min(100, recommender.items))
    let line = ProgressLine()
    let predictor = try Predictor(
      dataset, options, items: recommender.items, threads: ranking.threadsPerRank, group: group)
    let predictions = try predictor.predict(recommender.scorer(), for: table) {
      line.show("\($0) of \($1) sessions")
    }
    try group.together {
      guard let predictions, let asked else { return }
      line.clear()
      try write(
        predictions.emptied(at: asked.sessionsWithoutLocale), for: asked, of: dataset, settings.candidates, writer)
      if ranking.candidates == nil, request.settings == nil, dataset.locales.count > 1 {
        note("ranked among the whole catalogue; --candidates locale takes what each session's locale has")
      }
    }
  }

  /// Rank 0's part: the file, and what there is to say about it.
  private func write(
    _ predictions: Predictions, for asked: TranslatedSessions, of dataset: PreparedDataset, _ rule: CandidateRule,
    _ writer: PredictionWriter
  ) throws {
    let (shorter, empty) = predictions.shortLists
    if empty == predictions.count { throw EvaluationError.nothingPredicted(sessions: predictions.count) }
    try writer.write(
      predictions, sessionIDs: asked.sessionIDs, locales: asked.hasLocales ? { asked.locale(of: $0) } : nil,
      itemIDs: dataset.itemIDs)
    listBadRows(asked.badRows, asked.sessionIDs == nil ? "answered like empty sessions" : "left out")
    if let zeros = asked.zeros { note(zeros) }
    if rule == .locale, !dataset.locales.isEmpty { noteUnknownLocales(of: asked) }
    print(
      "\(counted(asked.table.count, "session")), \(shorter == 0 ? "" : "up to ")\(predictions.top) products each: \(out)"
    )
    if shorter > 0 {
      let lists = shorter == 1 ? "1 list is" : "\(shorter) lists are"
      print("\(lists) shorter than \(predictions.top), for want of candidates; \(empty) of them empty")
    }
    asked.sayWhatIsUnknown(instead: "what is popular")
  }

  private func noteUnknownLocales(of asked: TranslatedSessions) {
    let (names, sessions) = asked.unknownLocales
    guard let first = names.first else { return }
    let such = names.count == 1 ? first : "\(first) and \(names.count - 1) more"
    note(
      "the data set does not know the locale of \(counted(sessions, "session")) (\(such)): "
        + "as without one, all products are candidates")
  }
}
