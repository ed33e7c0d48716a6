import Sessions

/// What to predict for a session of which nothing is known: the most popular items of its locale.
package struct PopularItems: Sendable {
  private let rows: Int
  /// `[6, items + 1]`.
  private let counts: [Int32]

  /// - Parameters:
  ///   - trainCount: `[6, items + 1]`, see `CandidateTable.trainCount`.
  ///   - rows: items + 1.
  package init(trainCount: some Collection<Int32>, rows: Int) {
    precondition(trainCount.count == ShopLocale.allCases.count * rows, "\(trainCount.count) counts of \(rows) rows")
    self.rows = rows
    counts = Array(trainCount)
  }

  /// The most frequent items of the locale's training sessions, then those of all locales; of equally frequent
  /// ones the lower row first.
  /// - Parameter isCandidate: whether a row may be among them.
  /// - Returns: `limit` items, or all there are.
  package func items(
    forLocale code: UInt8, limit: Int, where isCandidate: (Int32) -> Bool = { _ in true }
  ) -> [Int32] {
    let own = ranked { Int(counts[Int(code) * rows + $0]) }.filter(isCandidate)
    if own.count >= limit { return Array(own.prefix(limit)) }
    let everywhere = ranked { row in
      ShopLocale.allCases.indices.reduce(0) { $0 + Int(counts[$1 * rows + row]) }
    }
    // Items that no training session has, such as answers of tests, come last.
    var isListed = [Bool](repeating: false, count: rows)
    return Array(
      (own + everywhere + Array(1..<Int32(rows))).filter { item in
        defer { isListed[Int(item)] = true }
        return !isListed[Int(item)] && isCandidate(item)
      }.prefix(limit))
  }

  /// The rows with a count above 0, most frequent first.
  private func ranked(_ count: (Int) -> Int) -> [Int32] {
    let seen: [(count: Int, row: Int32)] = (1..<rows).compactMap { row in
      let times = count(row)
      return times > 0 ? (times, Int32(row)) : nil
    }
    return seen.sorted { $0.count == $1.count ? $0.row < $1.row : $0.count > $1.count }.map(\.row)
  }
}
