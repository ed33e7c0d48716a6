import ArgumentParser
import Evaluation
import Foundation
import MPI
import Runs
import Sessions
import Text

struct AskCommand: GroupCommand {
  static let configuration = CommandConfiguration(
    commandName: "ask",
    abstract: "Shows the next products of one session, and which of its clicks they follow from.",
    discussion: """
      The products are those of caravan predict for this session, in its order. Behind each stand the clicks that it was \
      seen with, and in how many training sessions, answers and all locales counted: what the data say, whatever the \
      model made of it. Clicks on items that training never saw are named and left out.

      caravan ask --dataset data --checkpoint runs/first --session B07VFGXLZC,B08TH3PY4J --locale ES
      """)

  @OptionGroup var ranking: RankingOptions

  @Option(help: ArgumentHelp("The clicks, oldest first, with commas or blanks between.", valueName: "ids"))
  var session: String

  @Option(
    help: ArgumentHelp(
      "The session's locale; with --candidates locale its products alone are shown. (default: none)", valueName: "name")
  )
  var locale: String?

  @Option(
    help: ArgumentHelp(
      "Show titles, prices and brands from this file, such as KDD Cup's products_train.csv: columns id, title, and where "
        + "there are price, brand, locale.", valueName: "file"))
  var products: String?

  @Option(help: ArgumentHelp("How many products. (default: 10, or all that there are)", valueName: "number"))
  var top: Int?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var machine: MachineOptions

  func run(_ group: any ProcessGroup) throws {
    let request = try ranking.request(group)
    let settings = try ranking.settings(request)
    let dataset = try PreparedDataset.open(ranking.dataset, group: group)
    let code = try locale.map { try dataset.locales.code(matching: $0) }
    var recommender = try ranking.recommender(request, settings, for: dataset, group: group)
    let asked = AskedSession(session, of: dataset, recommender)
    guard !asked.known.isEmpty else { throw AskError.nothingKnown(asked.unknown) }
    let table = SessionTable(sessions: [asked.known], targets: [0], locales: [code ?? LocaleNames.none])
    if settings.isTransductive { try recommender.learnTransitions(within: table) }
    let options = settings.predicting(top: top ?? min(10, recommender.items))
    let predictor = try Predictor(
      dataset, options, items: recommender.items, threads: ranking.threadsPerRank, group: group)
    let scorer = recommender.scorer()
    let predicted = try predictor.predict(scorer, for: table)
    // Only rank 0 has them, and all may hold a part of the scores.
    var items = predicted.map { Array($0.items(of: 0)) } ?? []
    try group.broadcast(resizing: &items, from: 0)
    let scores = try scores(of: items, for: 0, of: table, by: scorer)
    try group.together {
      guard group.rank == 0 else { return }
      var answer = AskAnswer(
        asked, model: recommender.name, locale: code.flatMap(dataset.locales.name), items: items, scores: scores,
        dataset)
      if let products { try answer.describe(from: products) }
      if locale != nil, ranking.candidates == nil, request.settings == nil {
        note("ranked among the whole catalogue; --candidates locale takes what the locale has")
      }
      if !asked.unknown.isEmpty { note("training never saw \(asked.unknownList): left out") }
      print(json ? try answer.json() : answer.text, terminator: "")
    }
  }
}

/// The clicks that were typed.
struct AskedSession {
  /// Rows of the catalogue, oldest first; the last ones, where there are more than the data set's sessions may have.
  let known: [Int32]
  /// Ids that the data set does not have, or training never saw.
  let unknown: [String]

  init(_ text: String, of dataset: PreparedDataset, _ recommender: Recommender) {
    let seen = recommender.trainedRows
    var known: [Int32] = [], unknown: [String] = []
    // A list as the KDD Cup's files have it is taken, too.
    let words = text.split(whereSeparator: { $0 == "," || $0.isWhitespace }).map { word in
      word.trimmingCharacters(in: CharacterSet(charactersIn: "[]'\""))
    }
    for id in words where !id.isEmpty {
      if let row = dataset.itemIDs.row(of: id), Int(row) <= recommender.items, seen?[Int(row)] ?? true {
        known.append(row)
      } else if !unknown.contains(id) {
        unknown.append(id)
      }
    }
    self.known = Array(known.suffix(dataset.manifest.options.maxLength))
    self.unknown = unknown
  }

  var unknownList: String { AskError.list(unknown) }
}

/// Why there is no answer.
enum AskError: Error, CustomStringConvertible {
  case nothingKnown([String])

  var description: String {
    switch self {
    case .nothingKnown(let ids) where ids.isEmpty: "--session names no item: give ids with commas between"
    case .nothingKnown(let ids):
      "training never saw \(Self.list(ids)): ask with an item of items.txt in the data set that its sessions have"
    }
  }

  static func list(_ ids: [String]) -> String {
    ids.prefix(3).map { printable($0, limit: 40) }.joined(separator: ", ")
      + (ids.count > 3 ? " and \(ids.count - 3) more" : "")
  }
}
