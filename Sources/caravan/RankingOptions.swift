import ArgumentParser
import Catalogue
import Evaluation
import MPI
import Runs
import Sessions
import Text

/// What a model is judged or asked by: shared by the commands that rank the catalogue.
struct RankingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The prepared data set.", valueName: "folder"))
  var dataset: String

  @Option(
    help: ArgumentHelp(
      "A run (its best checkpoint, else its latest), a checkpoint, a link to one, or a blend.",
      valueName: "folder"))
  var checkpoint: String

  @Option(help: ArgumentHelp("Threads of a rank; they change no figure.", valueName: "number"))
  var threadsPerRank = 1

  @Option(
    help: ArgumentHelp(
      "replicated: all of the item table on every rank; sharded: a part on each. That changes no figure.",
      valueName: "replicated|sharded"))
  var itemTable = TablePlacement.replicated

  @Option(
    help: ArgumentHelp(
      """
      all: the whole catalogue; locale: what sessions of the session's locale had in any split, answers included; or \
      locales. (default: as a saved blend has it, else all)
      """, valueName: "all|locale|list"))
  var candidates: String?

  @Flag(
    inversion: .prefixedNo,
    help: "Leave the session's own items out of the ranking. (default: as a saved blend has it, else no)")
  var filterSeen: Bool?

  @Option(
    help: ArgumentHelp(
      """
      Add another checkpoint's probabilities to the model's, times the weight (1 if not given); may be given several \
      times. auto: choose the weights that are not given by MRR@100 on the valid sessions; caravan blend does that \
      once and saves it.
      """, valueName: "folder[:weight]|auto"))
  var blend: [String] = []

  @Flag(
    inversion: .prefixedNo,
    help: """
      COVISIT, NEIGHBOURS and COUNTS count the clicks of the ranked sessions, too, but not their answers. (default: as a \
      saved blend has it, else no)
      """)
  var transductive: Bool?

  @Option(
    help: ArgumentHelp(
      """
      COVISIT, NEIGHBOURS and COUNTS count the clicks of this file's sessions, too, but not their answers; a file as \
      predict --sessions takes it; may be given several times.
      """, valueName: "file"))
  var countSessions: [String] = []

  func validate() throws {
    if blend.contains("auto"), itemTable == .sharded {
      throw ValidationError("--blend auto needs --item-table replicated: choose the weights with caravan blend")
    }
    try requireThreadCount(threadsPerRank)
  }

  /// The files and folders that are read.
  func inputs(_ request: RankingRequest) -> [String] {
    [dataset, checkpoint] + countSessions + request.members.map(\.checkpoint)
  }

  /// What is asked to rank; collective.
  func request(_ group: any ProcessGroup) throws -> RankingRequest {
    try RankingRequest(checkpoint: checkpoint, blend: blend, group: group)
  }

  /// How it ranks: as was asked for, else as a saved blend has it.
  func settings(_ request: RankingRequest) throws -> RankingSettings {
    var settings = request.settings ?? RankingSettings(candidates: .all)
    if let candidates { settings.candidates = try CandidateRule(parsing: candidates) }
    if let filterSeen { settings.filterSeen = filterSeen }
    if let transductive { settings.isTransductive = transductive }
    return settings
  }

  /// Loads what is to rank, counts further sessions, and chooses weights that are to be chosen, on every rank;
  /// collective.
  /// - Parameter reading: how files of further sessions are read.
  func recommender(
    _ request: RankingRequest, _ settings: RankingSettings, for dataset: PreparedDataset,
    _ reading: SessionReading = SessionReading(), group: any ProcessGroup
  ) throws -> Recommender {
    var recommender = try Recommender.load(
      request.members, power: request.power, for: dataset, placement: itemTable, group: group)
    for path in countSessions { try count(path, for: &recommender, of: dataset, reading, group) }
    if request.choosesWeights { try chooseWeights(of: &recommender, request, settings, dataset, group) }
    return recommender
  }

  private func chooseWeights(
    of recommender: inout Recommender, _ request: RankingRequest, _ settings: RankingSettings,
    _ dataset: PreparedDataset, _ group: any ProcessGroup
  ) throws {
    let metric = RankingMetric(.mrr, at: 100)
    let valid = try ValidSessions(
      of: dataset, for: recommender, settings, cutoff: metric.cutoff, threads: threadsPerRank, group: group)
    // Nobody gave the first a weight: it is the one that the others are weighed against.
    let given = request.members.map(\.weight)
    let choice = try WeightChoice(of: recommender, given, by: metric, on: valid, group: group)
    (recommender.weights, recommender.power) = (choice.weights, choice.power)
    let weights = zip(request.members, choice.weights).map { "\($0.checkpoint):\($1)" }.joined(separator: ", ")
    note(
      [
        "weights with the highest \(metric) on \(choice.sessions) valid sessions, "
          + "\(choice.value.formatted(digits: 4)): \(weights), of shares to the power \(choice.power)"
      ], group)
  }

  /// Adds the transitions within a file's sessions to the counts.
  private func count(
    _ path: String, for recommender: inout Recommender, of dataset: PreparedDataset, _ reading: SessionReading,
    _ group: any ProcessGroup
  ) throws {
    let read = try group.together { group.rank == 0 ? try reading.read(path, of: dataset, for: recommender) : nil }
    try recommender.learnTransitions(within: SessionTable.broadcast(read?.table, group: group))
    guard let read else { return }
    listBadRows(read.badRows, "left out")
    note("counted \(read.table.count) sessions of \(path), without \(read.unknownClicks) clicks on unknown items")
  }
}

extension RankingSettings {
  /// The same for lists of the best items.
  func predicting(top: Int) -> Predictor.Options {
    var options = Predictor.Options()
    (options.candidates, options.filterSeen, options.top) = (candidates, filterSeen, top)
    return options
  }
}

extension TablePlacement: ExpressibleByArgument {}
