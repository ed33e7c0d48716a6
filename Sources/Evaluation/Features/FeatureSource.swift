/// A session, and the items that are candidates for what follows it. Not its answer: no feature can come from that.
package struct CandidateSession {
  /// Oldest first; none where no item of the session is known.
  package let clicks: [Int32]
  /// The locale's code.
  package let locale: UInt16
  /// Its column in the chunk that scorers took in; nil where there are no clicks.
  package let column: Int?
  /// In the order in which the recommenders propose them, those of the first one first; each once.
  package let items: [Int32]
  /// By recommender, beside the items: the place among its best, from 1; 0 where it does not propose the item.
  package let ranks: [[Int32]]

  /// - Parameter lists: the items of each recommender, best first.
  init(clicks: [Int32], locale: UInt16, column: Int?, lists: [ArraySlice<Int32>]) {
    var items: [Int32] = [], places: [Int32: Int] = [:]
    for item in lists.joined() where places[item] == nil {
      places[item] = items.count
      items.append(item)
    }
    self.clicks = clicks
    self.locale = locale
    self.column = column
    self.items = items
    ranks = lists.map { list in
      var ranks = [Int32](repeating: 0, count: items.count)
      for (rank, item) in list.enumerated() { if let place = places[item] { ranks[place] = Int32(rank + 1) } }
      return ranks
    }
  }
}

extension CandidateSession {
  /// A session of which nothing is known, and which no recommender is asked about.
  init(popular items: [Int32], locale: UInt16, members: Int) {
    clicks = []
    self.locale = locale
    column = nil
    self.items = items
    ranks = [[Int32]](repeating: [Int32](repeating: 0, count: items.count), count: members)
  }
}

/// Something that tells candidates of a session apart: a few numbers, the features, for each of them.
package protocol FeatureSource: AnyObject {
  /// The features, as columns are called.
  var names: [String] { get }

  /// Makes ready for calls by so many threads at a time.
  func prepare(threads: Int)

  /// The features of the candidates of a chunk's sessions.
  /// - Parameters:
  ///   - chunk: its number in the round that scorers took in.
  ///   - thread: the caller's, below the number prepared for.
  /// - Returns: for each session `[items, names]`; NaN where there is no such number.
  func features(of sessions: [CandidateSession], chunk: Int, thread: Int) -> [[Float]]
}

extension FeatureSource {
  package func prepare(threads: Int) {}
}
