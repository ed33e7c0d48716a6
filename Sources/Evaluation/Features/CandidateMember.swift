import MPI
import Tensors

/// A recommender that proposes candidates, and tells those of all recommenders apart.
package struct CandidateMember {
  /// What the names of its columns begin with.
  let name: String
  /// How many candidates it proposes for a session.
  let top: Int
  /// In whose order it proposes them.
  let ranking: any CatalogueScorer
  /// What its features come from, beside that.
  private let others: [any CatalogueScorer]
  let features: any FeatureSource

  init(name: String, top: Int, ranking: any CatalogueScorer, others: [any CatalogueScorer], features: any FeatureSource)
  {
    self.name = name
    self.top = top
    self.ranking = ranking
    self.others = others
    self.features = features
  }

  /// A model that has the whole of its item table on every rank.
  package init(name: String, top: Int, _ served: ServedModel) {
    let scorer = SessionModelScorer(served)
    self.init(name: name, top: top, ranking: scorer, others: [], features: ScoreFeatures(scorer))
  }

  func begin(_ round: SessionRound, _ team: ThreadTeam) throws(MPIError) {
    for scorer in [ranking] + others { try scorer.begin(round, team) }
    features.prepare(threads: team.count)
  }
}
