import Sessions

/// In how many sessions two items stand together, wherever in them: the plainest reason why one follows from the other.
package struct SharedSessions {
  /// `[items, clicks]`.
  private let counts: [Int]
  private let clicks: [Int32]
  private let items: [Int32]

  /// Counts in one walk over the sessions.
  /// - Parameters:
  ///   - items: rows of the catalogue.
  ///   - clicks: rows of the catalogue.
  ///   - sessions: of which answers count like clicks.
  package init(of items: [Int32], with clicks: [Int32], in sessions: SessionTable) {
    (self.items, self.clicks) = (items.distinct, clicks.distinct)
    let itemPlaces = Self.places(self.items), clickPlaces = Self.places(self.clicks)
    var counts = [Int](repeating: 0, count: self.items.count * self.clicks.count)
    for session in 0..<sessions.count {
      var foundItems: Set<Int> = [], foundClicks: Set<Int> = []
      func look(at row: Int32) {
        if let place = itemPlaces[row] { foundItems.insert(place) }
        if let place = clickPlaces[row] { foundClicks.insert(place) }
      }
      for row in sessions.items(of: session) { look(at: row) }
      look(at: sessions.targets[session])
      for item in foundItems { for click in foundClicks { counts[item * clickPlaces.count + click] += 1 } }
    }
    self.counts = counts
  }

  /// The clicks that stand in sessions together with an item, and in how many; the most first, of equal ones the lower
  /// row. An item does not follow from itself.
  package func reasons(for item: Int32) -> [(click: Int32, sessions: Int)] {
    guard let place = items.firstIndex(of: item) else { return [] }
    let all = clicks.enumerated().map { (click: $1, sessions: counts[place * clicks.count + $0]) }
    return all.filter { $0.sessions > 0 && $0.click != item }
      .sorted { $0.sessions == $1.sessions ? $0.click < $1.click : $0.sessions > $1.sessions }
  }

  private static func places(_ rows: [Int32]) -> [Int32: Int] {
    Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
  }
}
