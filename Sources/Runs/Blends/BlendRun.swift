import Evaluation
import Foundation
import MPI
import Sessions
import Storage
import Text

/// Makes a blend: chooses the weights that are not given, and saves it.
package struct BlendRun {
  private let dataset: PreparedDataset
  private let members: [BlendMember]
  private let settings: RankingSettings
  private let group: any ProcessGroup
  /// The locales of the valid sessions that count, by their names; those that all members were trained on if empty.
  package var locales: [String] = []
  /// What the weights are chosen by.
  package var metric = RankingMetric(.mrr, at: 100)
  /// To which power the members' shares are added; nil for that with which the metric is highest, or 1 where no weight is
  /// chosen.
  package var power: BlendPower?
  package var threadsPerRank = 1
  /// Whether a blend that is in the way is replaced.
  package var replaces = false
  /// Called on rank 0, with sessions done and sessions in all.
  package var progress: ((_ done: Int, _ total: Int) -> Void)?

  /// - Parameters:
  ///   - dataset: the same on all ranks: see `PreparedDataset.open`.
  ///   - members: two or more.
  ///   - settings: how the blend will rank.
  /// - Throws: `BlendError.tooFewMembers`.
  package init(
    _ members: [BlendMember], _ settings: RankingSettings, dataset: PreparedDataset, group: any ProcessGroup
  ) throws(BlendError) {
    if members.count < 2 { throw .tooFewMembers }
    self.members = members
    self.settings = settings
    self.dataset = dataset
    self.group = group
  }

  /// Loads the members, chooses weights, and writes the blend on rank 0; collective.
  /// - Parameter folder: appears whole, or not at all.
  /// - Returns: what there is to say of it, on every rank.
  /// - Throws: `BlendError`, `RunError.nothingCountsTransitions`, `StorageError`, or what loading and evaluating throw.
  package func run(folder: String) throws -> Report {
    // First of all, so that what cannot be written is not computed.
    let transaction = try group.together {
      group.rank == 0
        ? try FolderTransaction(at: folder, manifest: SavedBlend.fileName, overwrite: replaces) : nil
    }
    var recommender = try Recommender.load(members, power: power ?? .one, for: dataset, group: group)
    if settings.isTransductive, !recommender.countsTransitions { throw RunError.nothingCountsTransitions }
    let given = members.map(\.weight)
    var choice: WeightChoice?, figures: Report.Figures?
    if given.contains(nil) {
      let valid = try ValidSessions(
        of: dataset, for: recommender, settings, locales: locales, cutoff: metric.cutoff, threads: threadsPerRank,
        group: group)
      let chosen = try WeightChoice(
        of: recommender, given, power: power, by: metric, on: valid, group: group, progress: progress)
      recommender.weights = chosen.weights
      recommender.power = chosen.power
      choice = chosen
      figures = try valid.figures(of: recommender)
    }
    let blend = SavedBlend(
      members: [], power: recommender.power, settings: settings,
      chosen: choice.map {
        SavedBlend.Choice(metric: $0.metric.key, value: $0.value, sessions: $0.sessions, dataset: dataset.fingerprint)
      })
    try group.together { try transaction.map { try blend.write(recommender, $0) } }
    return Report(
      names: recommender.members.map(\.path), weights: recommender.weights, power: recommender.power, metric: metric,
      figures: figures, trainedElsewhere: recommender.trainedElsewhere)
  }

  /// The members of a blend, their weights, and how each does alone.
  package struct Report {
    typealias Figures = (alone: [RankingMetrics], blended: RankingMetrics)
    let names: [String]
    let weights: [Float]
    /// To which their shares are added.
    package let power: BlendPower
    let metric: RankingMetric
    /// nil where all weights were given.
    let figures: Figures?
    /// The members that were trained on another data set: see `Recommender`.
    package let trainedElsewhere: [String]

    /// A line a member, the blend last.
    package var table: String {
      let header = ["member", "weight"] + (figures == nil ? [] : metrics.map(\.description))
      let lines = names.indices.map { place in
        [names[place], "\(weights[place])"] + values(figures?.alone[place])
      }
      return alignedTable([header] + lines + (figures == nil ? [] : [["the blend", ""] + values(figures?.blended)]))
    }

    /// How many valid sessions the figures are of.
    package var sessions: Int? { figures?.blended.sessions }

    private var metrics: [RankingMetric] { RankingMetric.all(at: [metric.cutoff]) }

    private func values(_ figures: RankingMetrics?) -> [String] {
      figures.map { figures in metrics.map { figures.all[$0]?.formatted(digits: 4) ?? "" } } ?? []
    }
  }
}

extension SavedBlend {
  /// Rank 0's part: writes the blend that a recommender is.
  fileprivate func write(_ recommender: Recommender, _ transaction: FolderTransaction) throws {
    func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    let folder = joined(resolved(parentFolder(of: transaction.destination)), lastName(of: transaction.destination))
    var blend = self
    blend.members = recommender.members.compactMap { member in
      member.identity.map {
        Member(
          checkpoint: relativePath(to: $0.folder, from: folder), model: member.name, stateSha256: $0.sha256,
          weight: member.weight)
      }
    }
    try transaction.commit { _ in try blend.encoded() }
  }

  /// - Parameters: absolute paths without links.
  private func relativePath(to path: String, from folder: String) -> String {
    let (to, from) = (path.split(separator: "/"), folder.split(separator: "/"))
    let common = zip(to, from).prefix { $0 == $1 }.count
    return (from.dropFirst(common).map { _ in ".." } + to.dropFirst(common)).joined(separator: "/")
  }
}
