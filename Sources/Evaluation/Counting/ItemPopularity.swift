import MPI
import Sessions

/// How often each item occurred in the sessions of each locale.
package struct ItemPopularity: Equatable, Sendable {
  /// Rows of the catalogue, the padding row counted.
  package let rows: Int
  /// `[6, items + 1]`, by the locale's code.
  package let counts: [Int64]

  package init(rows: Int, counts: [Int64]) {
    precondition(counts.count == ShopLocale.allCases.count * rows, "\(counts.count) counts of \(rows) rows")
    self.rows = rows
    self.counts = counts
  }

  /// Counts the clicks and answers of some sessions, each rank its share of them; collective.
  /// - Parameters:
  ///   - sessions: the same on every rank.
  ///   - selection: which sessions count, by their numbers.
  ///   - rows: of the catalogue, padding counted.
  /// - Returns: the same on every rank, and on any number of ranks.
  package static func count(
    in sessions: SessionTable, selection: [Int32], rows: Int, group: any ProcessGroup
  ) throws(MPIError) -> ItemPopularity {
    var counts = [Int64](repeating: 0, count: ShopLocale.allCases.count * rows)
    for session in selection[group.share(of: selection.count)] {
      let first = Int(sessions.locales[Int(session)]) * rows, target = Int(sessions.targets[Int(session)])
      for item in sessions.items(of: Int(session)) { counts[first + Int(item)] += 1 }
      if target != 0 { counts[first + target] += 1 }
    }
    try group.sum(&counts)
    return ItemPopularity(rows: rows, counts: counts)
  }

  /// Where each item stands in each locale: `[6, items + 1]`, 0 for the least popular, equal where nothing tells
  /// two items apart. An item is more popular with more occurrences in the locale, of equal ones with more in all.
  package func places() -> [Float] {
    let locales = ShopLocale.allCases.indices
    let overall = (0..<rows).map { row in locales.reduce(0) { $0 + counts[$1 * rows + row] } }
    return locales.flatMap { locale in
      let own = counts[locale * rows..<(locale + 1) * rows]
      return denseRanks(
        of: (0..<rows).map { Popularity(inLocale: own[own.startIndex + $0], overall: overall[$0]) })
    }
  }
}

/// What an item is compared by.
private struct Popularity: Comparable {
  let inLocale: Int64
  let overall: Int64

  static func < (one: Popularity, other: Popularity) -> Bool {
    (one.inLocale, one.overall) < (other.inLocale, other.overall)
  }
}

/// The place of each value among the different ones, from 0: equal values have equal places.
///
/// As Float32, which tells whole numbers up to 2^24 apart: behind so many places some that differ would be equal. They
/// would take some n^1.5 clicks for n different pairs of counts, 7 · 10^10.
func denseRanks<Value: Comparable>(of values: [Value]) -> [Float] {
  var ranks = [Float](repeating: 0, count: values.count)
  var rank = -1
  var previous: Value?
  for place in values.indices.sorted(by: { values[$0] < values[$1] }) {
    if previous != values[place] { rank += 1 }
    previous = values[place]
    ranks[place] = Float(rank)
  }
  return ranks
}
