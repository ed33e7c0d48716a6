import ArgumentParser
import Catalogue
import MPI
import Runs
import Sessions

/// What a model is judged or asked by: shared by the commands that rank the catalogue.
struct RankingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The prepared data set.", valueName: "folder"))
  var dataset: String

  @Option(
    help: ArgumentHelp(
      "A run (its best checkpoint, else its latest), a checkpoint, or a link to one.",
      valueName: "folder"))
  var checkpoint: String

  @Option(help: "Threads of a rank; they change no figure.")
  var threadsPerRank = 1

  @Option(help: "replicated: all of the item table on every rank; sharded: a part on each. That changes no figure.")
  var itemTable = TablePlacement.replicated

  @Flag(help: "Leave the session's own items out of the ranking.")
  var filterSeen = false

  @Option(
    help: ArgumentHelp(
      """
      Add another checkpoint's probabilities to the model's, times the weight (1 if not given); may be given several \
      times. COVISIT contributes count / (sum of counts + 1) of what followed the session's last item, NEIGHBOURS of \
      what was near it; COUNTS score / (sum of scores + 1).
      """, valueName: "folder[:weight]"))
  var blend: [String] = []

  @Flag(
    help: """
      Add the transitions within the ranked sessions, not those to their answers, to the counts of COVISIT, \
      NEIGHBOURS and COUNTS.
      """)
  var transductive = false

  func validate() throws {
    if !(1...256).contains(threadsPerRank) {
      throw ValidationError("--threads-per-rank is \(threadsPerRank): choose a whole number from 1 to 256")
    }
  }

  /// The files and folders that are read.
  func inputs() throws -> [String] {
    [dataset, checkpoint] + (try blend.map { try BlendPart(parsing: $0).checkpoint })
  }

  /// The checkpoint and those blended in, on every rank; collective.
  func loadRecommender(for dataset: PreparedDataset, group: any ProcessGroup) throws -> Recommender {
    try Recommender.load(
      checkpoint, blend: blend.map(BlendPart.init(parsing:)), for: dataset, placement: itemTable, group: group)
  }
}

extension TablePlacement: ExpressibleByArgument {}
