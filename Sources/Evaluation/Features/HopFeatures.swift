/// What COUNTS scores candidates with, part by part, and the counts behind the scores: see `HopScorer`.
final class HopFeatures: FeatureSource {
  let names = [
    "score", "of_best", "first_hop", "second_hop", "third_hop", "own_locale", "largest_share", "last_to_item",
    "item_to_last", "last_to_item_here", "item_to_last_here", "last_share", "share_of_last",
  ]
  private let tables: HopTables
  private var workers: [Worker] = []

  /// What a thread works with.
  private final class Worker {
    let hops: HopWorker
    /// The first hop by the counts of the session's locale alone.
    let own: ItemSums
    let ofOne: ItemSums

    init(_ tables: HopTables) {
      hops = HopWorker(tables)
      own = ItemSums(rows: tables.rows)
      ofOne = ItemSums(rows: tables.rows)
    }
  }

  init(_ tables: HopTables) { self.tables = tables }

  func prepare(threads: Int) {
    while workers.count < threads { workers.append(Worker(tables)) }
  }

  func features(of sessions: [CandidateSession], chunk: Int, thread: Int) -> [[Float]] {
    var features = [[Float]](repeating: [], count: sessions.count)
    // A locale's sessions together: the worker turns to it once.
    for number in sessions.indices.sorted(by: { (sessions[$0].locale, $0) < (sessions[$1].locale, $1) }) {
      features[number] = self.features(of: sessions[number], workers[thread])
    }
    return features
  }

  private func features(of session: CandidateSession, _ worker: Worker) -> [Float] {
    let items = session.items, hops = worker.hops
    guard let last = session.clicks.last else { return [Float](repeating: .nan, count: items.count * names.count) }
    hops.turn(to: session.locale)
    hops.score(session.clicks)
    let (own, largest) = byItem(session, worker)
    let best = items.reduce(Float(0)) { max($0, hops[$1]) }
    return items.indices.flatMap { place -> [Float] in
      let item = items[place], score = hops[item]
      return [
        score, best > 0 ? score / best : 0, hops.first[item], hops.second[item], hops.third[item], own[place],
        largest[place], hops.count(of: last, item), hops.count(of: item, last), hops.ownCount(of: last, item),
        hops.ownCount(of: item, last), hops.share(of: last, item), hops.share(of: item, last),
      ]
    }
  }

  /// Beside the items, what the session's items lead to by the counts of its locale alone, and the largest share that
  /// any of them has in each.
  private func byItem(_ session: CandidateSession, _ worker: Worker) -> (own: [Float], largest: [Float]) {
    worker.own.removeAll()
    var largest = [Float](repeating: 0, count: session.items.count)
    for (place, clicked) in worker.hops.lastItems(of: session.clicks).enumerated() {
      let weight = 1 / Float(place + 1)
      worker.hops.spreadOwn(weight * weight, from: clicked, to: worker.own)
      worker.ofOne.removeAll()
      worker.hops.spread(1, from: clicked, to: worker.ofOne)
      for (place, item) in session.items.enumerated() { largest[place] = max(largest[place], worker.ofOne[item]) }
    }
    return (session.items.map { worker.own[$0] }, largest)
  }
}
