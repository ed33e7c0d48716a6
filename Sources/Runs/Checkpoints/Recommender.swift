import Catalogue
import Evaluation
import Foundation
import MPI
import Models
import Sessions

/// A checkpoint to be blended in, and what it counts for.
public struct BlendPart: Equatable, Sendable {
  /// A run folder, a checkpoint folder or a link.
  public let checkpoint: String
  public let weight: Float

  /// Parses `CHECKPOINT` or `CHECKPOINT:weight`; without one it is 1.
  /// - Throws: `RunError.badBlend` for an empty path or a weight that is negative or not finite.
  public init(parsing text: String) throws(RunError) {
    var path = text[...], weight: Float = 1
    if let colon = text.lastIndex(of: ":"), let number = Float(text[text.index(after: colon)...]) {
      (path, weight) = (text[..<colon], number)
    }
    guard !path.isEmpty, weight >= 0, weight.isFinite else { throw .badBlend(text) }
    checkpoint = String(path)
    self.weight = weight
  }
}

/// What ranks the catalogue: a checkpoint of any kind of model, alone or with others blended in.
public struct Recommender {
  /// The locales whose sessions the first model was trained on, by their codes; nil for all.
  public let locales: Set<UInt16>?
  /// How many items it knows: the first ones of the data set, which may have others behind them.
  public let items: Int
  /// Whether the first model was trained on the data set, and not on one that it goes on from.
  public let wasTrainedHere: Bool
  private var parts: [(model: RankingModel, weight: Float)]
  private let group: any ProcessGroup

  /// Loads and verifies all checkpoints on rank 0 and hands them to the others; collective.
  /// - Parameters:
  ///   - checkpoint: a run folder, a checkpoint folder or a link: see `CheckpointStore.resolve`.
  ///   - blend: what is added to its scores.
  ///   - dataset: whose vocabulary must be the one that all were trained on, or begin with it.
  ///   - placement: where item tables are; counts are on every rank.
  /// - Throws: `CheckpointError.otherVocabulary`, `RunError.blendOfOtherItems`, or what `Checkpoint` throws.
  public static func load(
    _ checkpoint: String, blend: [BlendPart] = [], for dataset: PreparedDataset,
    placement: TablePlacement = .replicated, group: any ProcessGroup
  ) throws -> Recommender {
    let first = try OpenedCheckpoint(checkpoint, for: dataset, group: group)
    var parts = [(try RankingModel.load(first, for: dataset, placement: placement, group: group), Float(1))]
    for part in blend {
      let opened = try OpenedCheckpoint(part.checkpoint, for: dataset, group: group)
      if opened.state.items != first.state.items {
        throw RunError.blendOfOtherItems(
          path: part.checkpoint, items: opened.state.items, first: checkpoint, firstItems: first.state.items)
      }
      parts.append((try RankingModel.load(opened, for: dataset, placement: placement, group: group), part.weight))
    }
    let trained = first.state.locales
    let codes = trained.isEmpty ? nil : Set(trained.compactMap(dataset.locales.code(of:)))
    return Recommender(
      locales: codes, items: first.state.items, wasTrainedHere: first.state.dataset == dataset.fingerprint,
      parts: parts, group: group)
  }

  /// Adds the transitions within sessions that are about to be ranked, never those to their answers, to the counts
  /// of every COVISIT, NEIGHBOURS and COUNTS; collective.
  /// - Parameter sessions: the same on every rank, over the vocabulary of the checkpoints.
  /// - Throws: `RunError.nothingCountsTransitions`, on every rank; `MPIError`.
  public mutating func learnTransitions(within sessions: SessionTable) throws {
    guard parts.contains(where: { $0.model.countsTransitions }) else {
      throw RunError.nothingCountsTransitions
    }
    for part in parts.indices {
      guard case .counting(let counts) = parts[part].model else { continue }
      parts[part].model = .counting(try counts.adding(transitionsWithin: sessions, group: group))
    }
    try StopSignal.check(group)
  }

  /// A scorer of the catalogue. One model alone is ranked by its own scores. Of a blend, each model contributes its
  /// weight (1 for the first) times its probability of an item, over the whole catalogue.
  package func scorer() -> any CatalogueScorer {
    if parts.count == 1 { return parts[0].model.rankingScorer() }
    return BlendScorer(parts.map { ($0.model.probabilityScorer(), $0.weight) })
  }
}

/// A model of either kind, loaded.
package enum RankingModel {
  case session(ServedModel)
  case counting(ItemCounts)

  package static func load(
    _ opened: OpenedCheckpoint, for dataset: PreparedDataset, placement: TablePlacement = .replicated,
    group: any ProcessGroup
  ) throws -> RankingModel {
    if let model = opened.state.countingModel {
      return .counting(
        try ItemCounts.load(model, from: opened, for: dataset, group: group))
    }
    let model = try dataset.makeModel(opened.state.modelConfiguration(), items: opened.state.items)
    let table = ItemTable(model.parameters, placement: placement, group: group)
    try table.load(model.parameters, from: opened.checkpoint, group: group)
    return .session(try ServedModel(model, table))
  }

  var countsTransitions: Bool {
    if case .counting(let counts) = self { return counts.transitions != nil || counts.byLocale != nil }
    return false
  }

  package func rankingScorer() -> any CatalogueScorer {
    switch self {
    case .session(let served): SessionModelScorer(served)
    case .counting(let counts): counts.rankingScorer()
    }
  }

  func probabilityScorer() -> any CatalogueScorer {
    switch self {
    case .session: SoftmaxScorer(rankingScorer())
    case .counting(let counts): counts.shareScorer()
    }
  }
}
