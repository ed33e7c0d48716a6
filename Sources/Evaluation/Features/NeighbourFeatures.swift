import Sessions
import Tensors

/// What other sessions have that share items with a session: counts of pairs say what was seen near each of its items,
/// these what was seen where several of them came together.
///
/// A neighbour's similarity is Σ 1 / (k + 1) over those of the session's different items x0, x1, … from its end that it
/// has. The most similar ones count, of equals the earlier.
package final class NeighbourFeatures: FeatureSource {
  package let names = ["near_share", "near_answers", "near_sessions", "near_best"]
  /// Different items of a session that are looked at.
  private static let mostItems = 20
  /// Of an item, so many of its sessions are looked at, the last ones.
  private static let mostSessions = 2_000
  private static let mostNeighbours = 500

  private let index: SessionIndex
  private var workers: [Worker] = []

  /// What a thread works with.
  private final class Worker {
    /// Of the sessions that share an item: a session's place in the index is its "item".
    let similarities: ItemSums
    /// `[rows]`: where an item stands among the candidates, or -1.
    var places: [Int32]

    init(_ index: SessionIndex) {
      similarities = ItemSums(rows: index.count)
      places = [Int32](repeating: -1, count: index.rows)
    }
  }

  /// - Parameters:
  ///   - training: sessions, by their numbers, that count with their answers.
  ///   - ranked: sessions that count without; nil where none do.
  ///   - rows: of the catalogue, the padding row counted.
  package init(
    training: (table: SessionTable, selection: [Int32]), ranked: (table: SessionTable, selection: [Int32])?, rows: Int
  ) {
    index = SessionIndex(training: training, ranked: ranked, rows: rows)
  }

  package func prepare(threads: Int) {
    while workers.count < threads { workers.append(Worker(index)) }
  }

  package func features(of sessions: [CandidateSession], chunk: Int, thread: Int) -> [[Float]] {
    sessions.map { features(of: $0, workers[thread]) }
  }

  private func features(of session: CandidateSession, _ worker: Worker) -> [Float] {
    let similarities = worker.similarities
    similarities.removeAll()
    for (place, item) in session.clicks.reversed().firstOfEach(limit: Self.mostItems).enumerated() {
      for other in index.sessions(with: item, limit: Self.mostSessions) {
        similarities.add(1 / Float(place + 1), to: other)
      }
    }
    for (place, item) in session.items.enumerated() { worker.places[Int(item)] = Int32(place) }
    defer { for item in session.items { worker.places[Int(item)] = -1 } }

    var features = [Float](repeating: 0, count: session.items.count * names.count), sum: Float = 0
    for key in similarities.best(Self.mostNeighbours) {
      let neighbour = ItemKey.item(of: key), similarity = ItemKey.score(of: key)
      sum += similarity
      for item in index.items(of: neighbour) {
        let place = Int(worker.places[Int(item)]) * names.count
        if place < 0 { continue }
        features[place] += similarity
        if index.answers[Int(neighbour)] == item { features[place + 1] += similarity }
        features[place + 2] += 1
        // The most similar come first.
        if features[place + 3] == 0 { features[place + 3] = similarity }
      }
    }
    for place in stride(from: 0, to: features.count, by: names.count) where sum > 0 {
      features[place] /= sum
      features[place + 1] /= sum
    }
    return features
  }
}
