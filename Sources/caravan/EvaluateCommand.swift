import ArgumentParser
import Evaluation
import Foundation
import MPI
import Runs
import Sessions
import Storage

struct EvaluateCommand: GroupCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Ranks the catalogue for every session of a split: Recall, MRR and NDCG, per locale too.",
    discussion: """
      A target's rank is its place among the candidates by score; of equal scores, what items.txt has first is ranked \
      first. Recall@k is the share of targets among the first k, MRR@k the mean of 1 / rank there, NDCG@k that of \
      1 / log2(rank + 1). The figures have the same bits on any number of ranks.

      caravan evaluate --dataset data --checkpoint runs/narm --split test
      caravan evaluate --dataset data --checkpoint runs/narm --filter-seen --candidates locale --top 20
      """)

  @OptionGroup var ranking: RankingOptions

  @Option(
    help: ArgumentHelp(
      "train, valid or test; what a model was trained on it finds more easily.", valueName: "train|valid|test"))
  var split = DatasetSplit.test

  @Option(help: ArgumentHelp("The cut-offs.", valueName: "list"))
  var top = "10,20,100"

  @Flag(help: "Take every item of a session from the second on for a target, after the clicks before it.")
  var everyClick = false

  @Flag(help: "Show the figures by how often targets occur in training, too.")
  var popularityBuckets = false

  @Option(help: ArgumentHelp("Write the figures as JSON, too.", valueName: "file"))
  var json: String?

  @OptionGroup var machine: MachineOptions

  func run(_ group: any ProcessGroup) throws {
    try warnOfShortCores(threads: ranking.threadsPerRank, group)
    let request = try ranking.request(group)
    let settings = try ranking.settings(request)
    if everyClick, settings.isTransductive {
      throw SessionsError.invalidOption(
        name: "--transductive", reason: "counts the very clicks that --every-click asks for: say --no-transductive")
    }
    var options = EvaluationOptions()
    options.candidates = settings.candidates
    options.filterSeen = settings.filterSeen
    options.showsPopularity = popularityBuckets
    options.cutoffs = try RankingMetric.parse(cutoffs: top)
    try group.requirePlaces(forJSON: [json], inputs: ranking.inputs(request))
    let dataset = try PreparedDataset.open(ranking.dataset, group: group)
    if everyClick { try requireWholeSessions(dataset) }
    if settings.isTransductive { try dataset.requireWholeSessions(split) }
    guard let sessions = dataset.split(split) else { throw EvaluationError.noSessions(split: split.rawValue) }
    var recommender = try ranking.recommender(request, settings, for: dataset, group: group)
    let known = KnownSessions(everyClick ? sessions.everyClick : sessions, items: recommender.items)
    if settings.isTransductive { try recommender.learnTransitions(within: known.table) }
    let evaluator = try Evaluator(
      dataset, options, items: recommender.items, threads: ranking.threadsPerRank, group: group)
    let line = ProgressLine()
    var metrics = try evaluator.evaluate(recommender.scorer(), on: known, split: split.rawValue) {
      line.show("\($0) of \($1) \(everyClick ? "targets" : "sessions")")
    }
    metrics.isEveryClick = everyClick
    try group.together {
      guard group.rank == 0 else { return }
      line.clear()
      let record = EvaluationRecord(
        metrics: metrics, recommender: recommender,
        candidates: try settings.candidates.resolved(among: dataset.locales).description,
        filterSeen: settings.filterSeen, transductive: settings.isTransductive, countSessions: ranking.countSessions)
      if let json { try atomicWrite(record.json(), to: json) }
      note(record.sentence)
      print(metrics.table(of: dataset.locales), terminator: "")
      if popularityBuckets { print("\n" + metrics.popularityTable, terminator: "") }
      noteTrainedElsewhere(recommender.trainedElsewhere, than: dataset.folder)
      noteUnknown(known, recommender, dataset)
      noteUntrained(known.table, recommender, dataset)
      if everyClick { noteCut(sessions, dataset) }
    }
  }
}

extension EvaluateCommand {
  /// Every click may be asked for where none was trained on and none comes up twice.
  private func requireWholeSessions(_ dataset: PreparedDataset) throws {
    if dataset.manifest.options.leaveOneOut == true {
      throw SessionsError.invalidOption(
        name: "--every-click",
        reason: "asks for clicks that training saw: \(dataset.folder) was made with --leave-one-out")
    }
    if dataset.hasPrefixRows(split) {
      throw SessionsError.invalidOption(
        name: "--every-click",
        reason: "takes whole sessions: \(split.rawValue) rows of \(dataset.folder) are prefixes already")
    }
  }

  /// Of sessions that `prepare` cut, the clicks before the last ones are not asked for.
  private func noteCut(_ sessions: SessionTable, _ dataset: PreparedDataset) {
    let longest = dataset.manifest.options.maxLength
    let cut = (0..<sessions.count).count { sessions.range(of: $0).count == longest }
    if cut == 0 { return }
    note(
      "sessions with the \(longest) clicks that prepare --max-length keeps: \(cut); of longer ones, clicks before the last "
        + "\(longest + 1) are not asked for")
  }

  /// Clicks that were not trained on: as other tools do, they are ranked with, but who predicts has better without them.
  private func noteUntrained(_ sessions: SessionTable, _ recommender: Recommender, _ dataset: PreparedDataset) {
    guard let seen = recommender.trainedRows else { return }
    let clicks = sessions.items.count { !seen[Int($0)] }
    if clicks == 0 { return }
    note(
      "clicks on items that training never saw: \(clicks) of \(sessions.clickCount); they stay in the sessions here, while "
        + "predict leaves them out")
  }

  /// What the checkpoint does not know of the data set, which may have items behind its own.
  private func noteUnknown(_ known: KnownSessions, _ recommender: Recommender, _ dataset: PreparedDataset) {
    let items = dataset.itemCount - recommender.items
    if items == 0 { return }
    note(
      "the checkpoint does not know \(items) of \(dataset.itemCount) items: clicks on them left out \(known.unknownClicks), "
        + "answers behind all others \(known.unknownAnswers), sessions without a known item \(known.emptied)")
  }
}

extension DatasetSplit: ExpressibleByArgument {}
