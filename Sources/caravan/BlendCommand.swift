import ArgumentParser
import Evaluation
import MPI
import Runs
import Sessions

struct BlendCommand: GroupCommand {
  static let configuration = CommandConfiguration(
    commandName: "blend",
    abstract: "Chooses the weights of a blend of several models on the valid sessions, and saves it as one.",
    discussion: """
      A blend ranks by the sum of weight x share^power over its members. A member's share of an item is its probability, \
      or for one that counts the item's part of all counts. \
      Weights and power are those with which the metric is highest on the valid split; the test split is not looked at. \
      A member with FOLDER:weight keeps that weight; where all have one, nothing is chosen and no valid split is needed. \
      evaluate and predict take the folder as --checkpoint, with the options given here. The members stay where they \
      are: the folder has their relative paths, SHA-256 and weights.

      caravan blend --dataset data --from runs/counts --from runs/core --filter-seen --out runs/blend
      """)

  @Option(
    help: ArgumentHelp("The prepared data set, with a valid split that no member was trained on.", valueName: "folder"))
  var dataset: String

  @Option(
    help: ArgumentHelp(
      "A member: a run, a checkpoint or a link to one; to be given two or more times.", valueName: "folder[:weight]"))
  var from: [String] = []

  @Option(
    help: ArgumentHelp(
      "1, 0.5, 0.25 or 0.125: a low power hears members also on what they rank low. (default: the best, or 1)",
      valueName: "number"))
  var power: BlendPower?

  @Option(help: ArgumentHelp("What the weights are chosen by.", valueName: "metric"))
  var metric = "MRR@100"

  @Option(
    help: ArgumentHelp(
      "The valid sessions that count. (default: those of the locales that all members were trained on)",
      valueName: "list"))
  var locales: String?

  @Option(
    help: ArgumentHelp(
      "all: the whole catalogue; locale: what was seen in the session's locale; or locales.",
      valueName: "all|locale|list"))
  var candidates = "all"

  @Flag(help: "Leave the session's own items out of the ranking.")
  var filterSeen = false

  @Flag(help: "Add the transitions within the ranked sessions to the counts of COVISIT, NEIGHBOURS and COUNTS.")
  var transductive = false

  @Option(help: ArgumentHelp("Threads of a rank; they change no figure.", valueName: "number"))
  var threadsPerRank = 1

  @Option(help: ArgumentHelp("The folder of the blend.", valueName: "folder"))
  var out: String

  @Flag(help: "Replace the blend that is at --out.")
  var force = false

  @OptionGroup var machine: MachineOptions

  func run(_ group: any ProcessGroup) throws {
    try warnOfShortCores(threads: threadsPerRank, group)
    var settings = RankingSettings(candidates: try CandidateRule(parsing: candidates))
    (settings.filterSeen, settings.isTransductive) = (filterSeen, transductive)
    let dataset = try PreparedDataset.open(dataset, group: group)
    let line = ProgressLine()
    if Set(from).count < from.count {
      throw ValidationError("--from names one member twice: a blend is of different ones")
    }
    var run = try BlendRun(from.map(BlendMember.init(parsing:)), settings, dataset: dataset, group: group)
    run.metric = try RankingMetric(parsing: metric)
    run.power = power
    run.locales = try locales.map(localeList) ?? []
    run.threadsPerRank = threadsPerRank
    run.replaces = force
    run.progress = { line.show("\($0) of \($1) valid sessions") }
    let report = try run.run(folder: out)
    try group.together {
      guard group.rank == 0 else { return }
      line.clear()
      print(report.table, terminator: "")
      let source = report.sessions.map { "chosen by \(run.metric) on \($0) valid sessions" } ?? "weights as given"
      if report.sessions != nil {
        print("a weight does not tell how much a model matters: it multiplies shares, whose sizes differ")
      }
      print("\(source), shares to the power \(report.power): \(out)")
      if report.sessions != nil { noteTrainedElsewhere(report.trainedElsewhere, than: dataset.folder) }
    }
  }

  func validate() throws {
    try requireThreadCount(threadsPerRank)
  }
}

extension BlendPower: ExpressibleByArgument {
  public init?(argument: String) {
    guard let power = Double(argument).flatMap(BlendPower.init(rawValue:)) else { return nil }
    self = power
  }
}
