import Catalogue
import Evaluation
import Foundation
import MPI
import Models
import Sessions

/// What ranks the catalogue: a checkpoint of any kind of model, or a blend of several.
public struct Recommender {
  /// The locales whose sessions any of the models was trained on, by their codes; nil for all.
  public let locales: Set<UInt16>?
  /// The locales whose sessions all of the models were trained on.
  package let commonLocales: Set<UInt16>?
  /// How many items it knows: the first ones of the data set, which may have others behind them.
  public let items: Int
  /// Which rows of the catalogue training saw, by any of the models, padding never: `[V + 1]`; nil where that is not known.
  /// Sessions are predicted for without their clicks on others.
  public let trainedRows: [Bool]?
  /// The checkpoints that were trained on other data sets of the same items, whose sessions may be divided otherwise; as
  /// they were given.
  package let trainedElsewhere: [String]
  /// One alone is ranked by its own scores.
  package private(set) var members: [Member]
  let group: any ProcessGroup

  package struct Member {
    /// As it was given.
    package let path: String
    /// The checkpoint's folder and the SHA-256 of its state, on rank 0; nil on the others.
    let identity: (folder: String, sha256: String)?
    let name: String
    package fileprivate(set) var model: RankingModel
    package fileprivate(set) var weight: Float
  }

  /// Loads and verifies all checkpoints on rank 0 and hands them to the others; collective.
  /// - Parameters:
  ///   - asked: one or more. A weight that is not given is 1.
  ///   - power: to which their shares are added.
  ///   - dataset: whose vocabulary must be the one that all were trained on, or begin with it.
  ///   - placement: where item tables are; counts are on every rank.
  /// - Throws: `CheckpointError.otherVocabulary`, `BlendError`, or what `Checkpoint` throws.
  public static func load(
    _ asked: [BlendMember], power: BlendPower = .one, for dataset: PreparedDataset,
    placement: TablePlacement = .replicated, group: any ProcessGroup
  ) throws -> Recommender {
    precondition(!asked.isEmpty, "a recommender of no model")
    var members: [Member] = [], states: [CheckpointState] = []
    for member in asked {
      try group.together { if group.rank == 0 { try member.requirePlace() } }
      let opened = try OpenedCheckpoint(member.checkpoint, for: dataset, group: group)
      states.append(opened.state)
      if opened.state.items != states[0].items {
        throw BlendError.otherItems(
          path: member.checkpoint, items: opened.state.items, first: asked[0].checkpoint, firstItems: states[0].items)
      }
      let identity = try group.together { try opened.checkpoint.map(member.identify) }
      members.append(
        Member(
          path: member.checkpoint, identity: identity, name: opened.state.options["model"] ?? "",
          model: try RankingModel.load(opened, for: dataset, placement: placement, group: group),
          weight: member.weight ?? 1))
    }
    let trained = states.map { $0.localeCodes(of: dataset) }
    var recommender = Recommender(
      locales: trained.contains(nil) ? nil : trained.reduce(into: []) { $0?.formUnion($1 ?? []) },
      commonLocales: trained.reduce(nil) { common, own in own.map { common?.intersection($0) ?? $0 } ?? common },
      items: states[0].items, trainedRows: states.trainedRows(of: dataset),
      trainedElsewhere: zip(asked, states).filter { $1.isOfAnotherPreparation(than: dataset) }.map(\.0.checkpoint),
      members: members, group: group)
    recommender.power = power
    return recommender
  }

  /// Its models' names, such as `NARM + COUNTS`.
  public var name: String { members.map(\.name).joined(separator: " + ") }

  /// Its models and where they come from, such as `NARM of runs/narm/checkpoints/step-00000402`; on rank 0.
  package var origin: String {
    members.map { "\($0.name) of \($0.identity?.folder ?? $0.path)" }.joined(separator: " + ")
  }

  /// SHA-256 of each member's `state.json`, which has those of all files of its checkpoint; on rank 0.
  package var checksums: [String] { members.compactMap { $0.identity?.sha256 } }

  /// The weights of the members.
  package var weights: [Float] {
    get { members.map(\.weight) }
    set { for (place, weight) in newValue.enumerated() { members[place].weight = weight } }
  }

  /// To which power the members' shares are added.
  package var power = BlendPower.one

  /// Whether there is a model that `learnTransitions` adds to.
  public var countsTransitions: Bool { members.contains { $0.model.countsTransitions } }

  /// Adds the transitions within sessions, never those to their answers, to the counts of every COVISIT, NEIGHBOURS and
  /// COUNTS; collective.
  /// - Parameter sessions: the same on every rank, over the vocabulary of the checkpoints.
  /// - Throws: `RunError.nothingCountsTransitions`, on every rank; `MPIError`.
  public mutating func learnTransitions(within sessions: SessionTable) throws {
    guard countsTransitions else { throw RunError.nothingCountsTransitions }
    for place in members.indices {
      guard case .counting(let counts) = members[place].model else { continue }
      members[place].model = .counting(try counts.adding(transitionsWithin: sessions, group: group))
    }
    try StopSignal.check(group)
  }

  /// The session model, of whose vectors' products its scores are.
  /// - Throws: `ExportError.noVectors` where it is none, on every rank.
  package func requireVectors() throws(ExportError) -> ServedModel {
    guard members.count == 1, case .session(let served) = members[0].model else {
      throw .noVectors(model: members[0].name, path: members[0].path)
    }
    return served
  }

  /// A scorer of the catalogue. One model alone is ranked by its own scores. Of a blend, each model contributes its
  /// weight times its probability of an item over the whole catalogue, to the blend's power.
  package func scorer() -> any CatalogueScorer {
    if members.count == 1 { return members[0].model.rankingScorer() }
    return BlendScorer(members.map { ($0.model.probabilityScorer(), $0.weight) }, power: power)
  }
}
