import ArgumentParser
import Evaluation
import Foundation
import MPI
import Sessions
import Training

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predicts the next products of the sessions in a file, as a KDD Cup 2023 submission.",
    discussion: """
      Items that training never saw are left out of the sessions, and counted. A session of which nothing is
      left gets the most popular products of its locale.
      """)

  @OptionGroup var ranking: RankingOptions

  @Option(help: ArgumentHelp("The sessions, with or without answers: .csv or .inter.", valueName: "file"))
  var sessions: String

  @Option(help: ArgumentHelp("The locale of sessions in files that name none.", valueName: "locale"))
  var defaultLocale: ShopLocale?

  @Option(
    help: ArgumentHelp(
      "locale: what was seen in the session's locale; all: the whole catalogue; or locales.",
      valueName: "locale|all|list"))
  var candidates = "locale"

  @Option(help: "Products a session.")
  var top = 100

  @Option(help: ArgumentHelp("Where to write: .csv or .jsonl.", valueName: "file"))
  var out: String

  func run() throws { MPIRuntime.run(predict) }

  private func predict(_ group: any ProcessGroup) throws {
    var options = Predictor.Options()
    options.candidates = try CandidateRule(parsing: candidates)
    options.filterSeen = ranking.filterSeen
    options.top = top
    let writer = try PredictionWriter(path: out)
    let dataset = try PreparedDataset.open(ranking.dataset, group: group)
    var recommender = try ranking.loadRecommender(for: dataset, group: group)
    let asked = try group.together { try readSessions(of: dataset, trainedOn: recommender.locales) }
    if ranking.transductive { try recommender.learnTransitions(within: asked.table) }
    let line = ProgressLine()
    let predictor = Predictor(dataset, options, threads: ranking.threadsPerRank, group: group)
    let predictions = try predictor.predict(recommender.scorer(), for: asked.table) {
      line.show("\($0) of \($1) sessions")
    }
    try group.together {
      guard let predictions else { return }
      line.clear()
      try writer.write(predictions, for: asked.table, itemIDs: dataset.itemIDs)
      print("\(asked.table.count) sessions, \(top) products each: \(out)")
      if asked.unknownClicks > 0 {
        print(
          "\(asked.unknownClicks) clicks on items that training never saw were left out; "
            + "\(asked.emptySessions) sessions had nothing else")
      }
    }
  }

  private func readSessions(
    of dataset: PreparedDataset, trainedOn locales: Set<ShopLocale>
  ) throws -> TranslatedSessions {
    let seen = dataset.candidates.rowsSeenInTraining(of: locales)
    return try TranslatedSessions.read(
      path: sessions, defaultLocale: defaultLocale, catalog: dataset.itemIDs,
      maxLength: dataset.manifest.options.maxLength, isKnown: { seen[Int($0)] })
  }
}
