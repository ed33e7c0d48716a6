import Sessions

/// What to predict for a session of which nothing is known: the most popular items of its locale.
package struct PopularItems {
  private let products: CandidateTable
  /// The items of all training sessions, most frequent first, then those that no training session has, such as answers
  /// of tests.
  private let everywhere: [Int32]

  package init(_ products: CandidateTable) {
    self.products = products
    let counts = products.trainCountsEverywhere()
    everywhere = (1..<Int32(products.rows)).sorted { first, second in
      let (left, right) = (counts[Int(first)], counts[Int(second)])
      return left == right ? first < second : left > right
    }
  }

  /// The most frequent items of the locale's training sessions, then those of all locales; of equally frequent
  /// ones the lower row first.
  /// - Parameter isCandidate: whether a row may be among them.
  /// - Returns: `limit` items, or all there are.
  package func items(
    forLocale code: UInt16, limit: Int, where isCandidate: (Int32) -> Bool = { _ in true }
  ) -> [Int32] {
    let own = products.itemCount(in: code) == 0 ? [] : products.mostPopular(in: code).filter(isCandidate)
    if own.count >= limit { return Array(own.prefix(limit)) }
    let listed = Set(own)
    var items = own
    for item in everywhere where items.count < limit {
      if !listed.contains(item), isCandidate(item) { items.append(item) }
    }
    return items
  }
}
