import ArgumentParser
import Evaluation
import Foundation
import MPI
import Runs
import Sessions

struct CandidatesCommand: GroupCommand {
  static let configuration = CommandConfiguration(
    commandName: "candidates",
    abstract: "Writes the best items of several recommenders for each session, with features, for a re-ranker.",
    discussion: """
      A row a session and item: the item, whether it is the answer, what each recommender makes of it, how often it was \
      seen, what the session is like. No feature knows the answer: training sessions are scored in parts, each by \
      the counts of all others. scripts/rerank.py learns from the rows and ranks others; \
      docs/rerank.md shows all of it.

      caravan candidates --dataset data --split valid --from runs/counts --from runs/core:100 --out learn.csv
      """)

  @Option(help: ArgumentHelp("The prepared data set.", valueName: "folder"))
  var dataset: String

  @Option(help: ArgumentHelp("A split of it: train, valid or test.", valueName: "split"))
  var split: DatasetSplit?

  @Option(
    help: ArgumentHelp(
      "Other sessions instead: a session file, with or without answers, or a click log.", valueName: "file"))
  var sessions: String?

  @OptionGroup var file: SessionFileOptions

  @Option(
    help: ArgumentHelp(
      """
      A recommender, a run or a checkpoint, and how many items it proposes for a session (150 if not given); may be \
      given several times.
      """, valueName: "folder[:k]"))
  var from: [String]

  @Option(help: ArgumentHelp("The sessions of these locales alone, of a split.", valueName: "list"))
  var locales: String?

  @Option(help: ArgumentHelp("So many of a split's sessions, evenly over it; all if not given.", valueName: "count"))
  var sample: Int?

  @Option(
    help: ArgumentHelp(
      "Of --split train: parts, each scored by the counts of all other sessions.", valueName: "count"))
  var folds = 5

  @Option(
    help: ArgumentHelp(
      "all: the whole catalogue; locale: what was seen in the session's locale; or locales.",
      valueName: "all|locale|list"))
  var candidates = "all"

  @Flag(help: "Leave the session's own items out.")
  var filterSeen = false

  @Flag(help: "Add the transitions within the ranked sessions, not those to their answers, to what is counted.")
  var transductive = false

  @Flag(help: "Leave out which item is the answer.")
  var noLabels = false

  @Option(help: ArgumentHelp("Where to write: .csv or .jsonl.", valueName: "file"))
  var out: String

  @Flag(help: "Replace the file that is at --out. What is read is never replaced.")
  var force = false

  @Option(help: ArgumentHelp("Threads of a rank; they change no byte.", valueName: "number"))
  var threadsPerRank = 1

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    try requireThreadCount(threadsPerRank)
    if (split == nil) == (sessions == nil) {
      throw ValidationError("give the sessions: either --split, or --sessions and a file")
    }
    if let sample, sample < 1 { throw ValidationError("--sample is \(sample): choose a whole number from 1") }
    if !(2...1000).contains(folds) {
      throw ValidationError("--folds is \(folds): choose a whole number from 2 to 1000")
    }
    if split == nil, locales != nil || sample != nil {
      throw ValidationError("--locales and --sample choose from a --split: of a file, all sessions are ranked")
    }
  }

  func run(_ group: any ProcessGroup) throws {
    try warnOfShortCores(threads: threadsPerRank, group)
    var options = CandidateRun.Options()
    options.sources = try from.map { try CandidateSource(parsing: $0) }
    options.candidates = try CandidateRule(parsing: candidates)
    options.filterSeen = filterSeen
    options.isTransductive = transductive
    options.threads = threadsPerRank
    try CandidateText.check(path: out)
    let inputs = [dataset] + options.sources.map(\.checkpoint) + [sessions].compactMap { $0 }
    try group.requirePlaces(for: [out], replaces: force, inputs: inputs)
    let dataset = try PreparedDataset.open(dataset, group: group)
    let run = try CandidateRun(options, dataset: dataset, group: group)
    if let split { return try write(split, of: dataset, run, group) }
    if let sessions { try write(sessions, of: dataset, run, group) }
  }

  /// The candidates of a split.
  private func write(_ split: DatasetSplit, of dataset: PreparedDataset, _ run: CandidateRun, _ group: any ProcessGroup)
    throws
  {
    guard let whole = dataset.split(split), whole.count > 0 else {
      throw EvaluationError.noSessions(split: split.rawValue)
    }
    if split == .train || transductive {
      try dataset.requireWholeSessions(split, for: split == .train ? "--split" : "--transductive")
    }
    let chosen = try select(from: whole, of: dataset, split)
    let isLabelled = !noLabels && !whole.targets.contains(0)
    let text = try CandidateText(
      path: out, isLabelled: isLabelled,
      locale: dataset.locales.isEmpty ? nil : { dataset.locales.name(of: whole.locales[$0]) }, itemIDs: dataset.itemIDs)
    if split != .train {
      return try write(
        KnownSessions(whole, items: run.items).table, chosen, named: split.rawValue, text, isLabelled: isLabelled, run,
        group)
    }
    let line = ProgressLine()
    let tally = try run.write(training: chosen, folds: folds, text, to: out) {
      line.show("\($0) of \(chosen.count) sessions")
    }
    report(tally, isLabelled: isLabelled, line, group)
  }

  /// Those of a split's sessions that are asked for.
  private func select(from table: SessionTable, of dataset: PreparedDataset, _ split: DatasetSplit) throws -> [Int32] {
    let names = try locales.map(localeList) ?? []
    let all = table.sessions(in: try dataset.locales.codes(of: names))
    if all.isEmpty { throw EvaluationError.noSessions(split: "\(split.rawValue) \(names.joined(separator: ", "))") }
    guard let sample, sample < all.count else { return all }
    return (0..<sample).map { all[$0 * all.count / sample] }
  }

  /// The candidates of the sessions in a file.
  private func write(_ path: String, of dataset: PreparedDataset, _ run: CandidateRun, _ group: any ProcessGroup) throws
  {
    let asked = try group.together {
      guard group.rank == 0 else { return TranslatedSessions?.none }
      return try file.reading(of: dataset).read(path, of: dataset, items: run.items, seen: run.trainedRows)
    }
    // Rank 0's sessions are everybody's: a pipe can be read once, and files of one name may be others elsewhere.
    let table = try SessionTable.broadcast(asked?.table, group: group)
    let names = try SessionNames.broadcast(asked.map(SessionNames.init), group: group)
    let text = try CandidateText(
      path: out, isLabelled: names.hasAnswers && !noLabels, sessionID: names.ids.map { ids in { ids[$0] } },
      locale: names.locales.map { locales in { locales[$0] } }, itemIDs: dataset.itemIDs)
    let isLabelled = names.hasAnswers && !noLabels
    if isLabelled {
      let advice =
        "if training saw these sessions, features know their answers: of training sessions ask for --split train"
      note(["\(path) has answers; \(advice)"], group)
    }
    try write(
      KnownSessions(table, items: run.items).table, table.sessions(in: nil), named: "asked", text,
      isLabelled: isLabelled, run, group)
  }

  private func write(
    _ table: SessionTable, _ chosen: [Int32], named name: String, _ text: CandidateText, isLabelled: Bool,
    _ run: CandidateRun, _ group: any ProcessGroup
  ) throws {
    if isLabelled { note(run.strangers.map(Self.warning), group) }
    let line = ProgressLine()
    let tally = try run.write(table, chosen, split: name, text, to: out) {
      line.show("\($0) of \(chosen.count) sessions")
    }
    report(tally, isLabelled: isLabelled, line, group)
  }

  private func report(_ tally: CandidateTally, isLabelled: Bool, _ line: ProgressLine, _ group: any ProcessGroup) {
    guard group.rank == 0 else { return }
    line.clear()
    print("\(tally.sessions) sessions, \(tally.candidates) candidates: \(out)")
    if isLabelled {
      let share = Double(tally.answers) / Double(max(tally.sessions, 1))
      print("the answer is among them in \(tally.answers) sessions, \(share.formatted(digits: 4)) of all")
    }
    if tally.empty > 0 { print("sessions without a candidate: \(tally.empty)") }
  }

  private static func warning(_ checkpoint: String) -> String {
    "\(checkpoint) was trained on another data set: if that has these sessions, its scores know their answers"
  }
}
