import Catalogue
import Evaluation
import MPI
import Models
import Sessions

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

  package var countsTransitions: Bool {
    if case .counting(let counts) = self { return counts.transitions != nil || counts.byLocale != nil }
    return false
  }

  package func rankingScorer() -> any CatalogueScorer {
    switch self {
    case .session(let served): SessionModelScorer(served)
    case .counting(let counts): counts.rankingScorer()
    }
  }

  package func probabilityScorer() -> any CatalogueScorer {
    switch self {
    case .session: SoftmaxScorer(rankingScorer())
    case .counting(let counts): counts.shareScorer()
    }
  }
}
