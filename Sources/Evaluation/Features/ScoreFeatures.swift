import Tensors

/// What a recommender scores candidates with, and how far each is behind the best.
final class ScoreFeatures: FeatureSource {
  let names = ["score", "behind_best"]
  /// Has taken in the round.
  private let scorer: any CatalogueScorer

  /// - Precondition: every rank scores the whole catalogue.
  init(_ scorer: any CatalogueScorer) {
    precondition(scorer.share.holders.size == 1, "a catalogue in parts")
    self.scorer = scorer
  }

  func features(of sessions: [CandidateSession], chunk: Int, thread: Int) -> [[Float]] {
    var places: [(item: Int32, session: Int, place: Int)] = []
    for (number, session) in sessions.enumerated() where session.column != nil {
      for (place, item) in session.items.enumerated() { places.append((item, number, place)) }
    }
    places.sort { ($0.item, $0.session) < ($1.item, $1.session) }
    let pairs = places.map { SessionItem(item: $0.item, session: sessions[$0.session].column!) }
    var scores = sessions.map { [Float](repeating: .nan, count: $0.items.count) }
    for (place, score) in zip(places, scorer.scores(of: pairs, chunk: chunk, thread: thread)) {
      scores[place.session][place.place] = score
    }
    return scores.map { scores in
      let best = scores.max() ?? 0
      return scores.flatMap { score -> [Float] in [score, best - score] }
    }
  }
}
