import MPI
import Sessions

/// How often each item occurred in the sessions of each locale: a sparse matrix with a row a locale, by its code, and
/// behind the last a row for the sessions that have none.
package struct ItemPopularity: Equatable, Sendable {
  /// Rows of the catalogue, the padding row counted.
  package let rows: Int
  /// `[L + 2]`: what occurred in locale `l` stands at `offsets[l] ..< offsets[l + 1]`.
  package let offsets: [Int64]
  /// Rising within a locale.
  package let items: [Int32]
  /// From 1.
  package let counts: [Int64]

  /// The number of locales.
  package var localeCount: Int { offsets.count - 2 }
  /// Whether every session that was counted has a locale.
  package var isByLocale: Bool { offsets[localeCount] == Int64(items.count) }

  /// - Precondition: the arrays belong together.
  package init(rows: Int, offsets: [Int64], items: [Int32], counts: [Int64]) {
    precondition(
      offsets.count >= 2 && offsets.last == Int64(items.count) && items.count == counts.count,
      "\(offsets.count) offsets to \(offsets.last ?? 0), \(items.count) items and \(counts.count) counts")
    self.rows = rows
    self.offsets = offsets
    self.items = items
    self.counts = counts
  }

  /// Counts the clicks of some sessions and their answers, each rank its share of them; collective.
  /// - Parameters:
  ///   - sessions: the same on every rank.
  ///   - selection: which sessions count, by their numbers.
  ///   - includesTargets: whether the answers count.
  ///   - rows: of the catalogue, padding counted.
  ///   - localeCount: of the data set.
  /// - Returns: the same on every rank, and on any number of ranks.
  package static func count(
    in sessions: SessionTable, selection: [Int32], includesTargets: Bool = true, rows: Int, localeCount: Int,
    group: any ProcessGroup
  ) throws(MPIError) -> ItemPopularity {
    let own = selection[group.share(of: selection.count)]
    let order = SessionOrder(own, localeCount: localeCount) { sessions.locales[Int($0)] }
    var counter = SparseCounter(columns: rows)
    for row in 0...localeCount {
      for session in order.sessions(ofRow: row) {
        let target = sessions.targets[Int(session)]
        for item in sessions.items(of: Int(session)) { counter.add(item, 1) }
        if includesTargets, target != 0 { counter.add(target, 1) }
      }
      counter.endRow()
    }
    let counted = ItemPopularity(rows: rows, offsets: counter.offsets, items: counter.columns, counts: counter.counts)
    if group.size == 1 { return counted }
    let sum = try group.sum(counted.pairs { $0 }, rows: localeCount + 1)
    return ItemPopularity(rows: rows, sum, localeCount: localeCount)
  }

  /// The same with the codes of another data set. What occurred in locales that it does not have is as if it had occurred
  /// in none.
  package func renumbered(from old: LocaleNames, to new: LocaleNames) -> ItemPopularity {
    precondition(old.count == localeCount, "\(old.count) names of \(localeCount) locales")
    if old == new { return self }
    let pairs = pairs { row in old.name(of: UInt16(row)).flatMap(new.code(of:)).map { Int($0) } ?? new.count }
    return ItemPopularity(rows: rows, pairs, localeCount: new.count)
  }

  /// How often each item occurred in all sessions: `[items + 1]`.
  package func overall() -> [Int64] {
    var sums = [Int64](repeating: 0, count: rows)
    for (item, count) in zip(items, counts) { sums[Int(item)] += count }
    return sums
  }

  /// How often an item occurred in a locale; nil for a session without one.
  func count(of item: Int32, in code: UInt16) -> Int64? {
    guard code < localeCount else { return nil }
    let listed = Int(offsets[Int(code)])..<Int(offsets[Int(code) + 1])
    let place = items.firstPlace(notBelow: item, in: listed)
    return place < listed.upperBound && items[place] == item ? counts[place] : 0
  }

  /// Where each item stands in each locale, 0 for the least popular, equal where nothing tells two items apart. An item is
  /// more popular with more occurrences in the locale, of equal ones with more in all; without a locale those alone count.
  package func places() -> LocaleScores {
    let overall = overall(), ofAll = denseRanks(of: overall)
    // What occurred in a locale comes before all that did not.
    let above = (ofAll.max() ?? 0) + 1
    let own = (0..<localeCount).flatMap { row in
      let listed = Int(offsets[row])..<Int(offsets[row + 1])
      return denseRanks(of: listed.map { Popularity(inLocale: counts[$0], overall: overall[Int(items[$0])]) })
        .map { above + $0 }
    }
    return LocaleScores(withoutLocale: ofAll, elsewhere: ofAll, self, own)
  }

  /// - Parameter row: in the sum, of a row here.
  private func pairs(_ row: (Int) -> Int) -> PairRun {
    let occurrences = (0...localeCount).flatMap { old in
      let new = Int32(row(old))
      return (Int(offsets[old])..<Int(offsets[old + 1])).map { (PairRun.key(new, next: items[$0]), counts[$0]) }
    }.sorted { $0.0 < $1.0 }
    return PairRun(summing: occurrences)
  }

  private init(rows: Int, _ pairs: PairRun, localeCount: Int) {
    var offsets = [Int64](repeating: 0, count: localeCount + 2)
    for key in pairs.keys { offsets[Int(PairRun.item(ofKey: key)) + 1] += 1 }
    for row in 0...localeCount { offsets[row + 1] += offsets[row] }
    self.init(rows: rows, offsets: offsets, items: pairs.keys.map(PairRun.next), counts: pairs.counts)
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
