import MPI
import Models
import Sessions

/// What a counting model has learned, and how it scores the catalogue.
package struct ItemCounts: Equatable, Sendable {
  package let popularity: ItemPopularity
  /// Of COVISIT and NEIGHBOURS.
  package let transitions: TransitionCounts?
  /// Of COUNTS.
  package let byLocale: LocaleTransitions?
  /// Of COUNTS: how often sessions whose pairs were added have each item, one after the other. Popularity is without
  /// them.
  private let added: [ItemPopularity]

  /// - Precondition: all are over the same catalogue.
  package init(
    popularity: ItemPopularity, transitions: TransitionCounts? = nil, byLocale: LocaleTransitions? = nil,
    added: [ItemPopularity] = []
  ) {
    precondition(transitions?.rows ?? byLocale?.rows ?? popularity.rows == popularity.rows)
    self.popularity = popularity
    self.transitions = transitions
    self.byLocale = byLocale
    self.added = added
  }

  /// Counts in one pass over the sessions, each rank its share of them; collective. Every session contributes all
  /// of its transitions, the one to the answer included.
  /// - Parameters:
  ///   - sessions: the same on every rank.
  ///   - selection: which sessions count, by their numbers.
  ///   - rows: of the catalogue, padding counted.
  ///   - localeCount: of the data set.
  ///   - options: of COUNTS.
  /// - Returns: the same on every rank, and on any number of ranks.
  package static func count(
    _ model: CountingModel, in sessions: SessionTable, selection: [Int32], rows: Int, localeCount: Int,
    options: CountingOptions = CountingOptions(), group: any ProcessGroup
  ) throws(MPIError) -> ItemCounts {
    let popularity = try ItemPopularity.count(
      in: sessions, selection: selection, rows: rows, localeCount: localeCount, group: group)
    if model == .counts {
      let byLocale = try LocaleTransitions.count(
        options, in: sessions, selection: selection, includesTargets: true, rows: rows, localeCount: localeCount,
        group: group)
      return ItemCounts(popularity: popularity, byLocale: byLocale)
    }
    guard let rule = TransitionRule(model) else { return ItemCounts(popularity: popularity) }
    let transitions = try TransitionCounts.count(
      rule, in: sessions, selection: selection, includesTargets: true, rows: rows, group: group)
    return ItemCounts(popularity: popularity, transitions: transitions)
  }

  /// The counts with the transitions within other sessions added, never those to their answers; POP has none to
  /// add to. Collective. May be done several times.
  /// - Parameters:
  ///   - sessions: the same on every rank.
  ///   - selection: which of them, by their numbers; nil for all.
  package func adding(
    transitionsWithin sessions: SessionTable, selection: [Int32]? = nil, group: any ProcessGroup
  ) throws(MPIError) -> ItemCounts {
    let selection = selection ?? Array(0..<Int32(sessions.count))
    if let byLocale {
      let others = try LocaleTransitions.count(
        byLocale.options, in: sessions, selection: selection, includesTargets: false, rows: popularity.rows,
        localeCount: popularity.localeCount, group: group)
      let items = try ItemPopularity.count(
        in: sessions, selection: selection, includesTargets: false, rows: popularity.rows,
        localeCount: popularity.localeCount, group: group)
      return ItemCounts(popularity: popularity, byLocale: byLocale.adding(others), added: added + [items])
    }
    guard let transitions else { return self }
    let others = try TransitionCounts.count(
      transitions.rule, in: sessions, selection: selection, includesTargets: false, rows: popularity.rows, group: group)
    return ItemCounts(popularity: popularity, transitions: transitions.adding(others))
  }
}

extension ItemCounts {
  /// Scores whose order is the model's. POP: more occurrences in the session's locale come first, of equal ones
  /// more in all locales. COVISIT, NEIGHBOURS: what followed the session's last item comes before all else, more often first;
  /// equally frequent items, and all that never followed, are in POP's order. What is equal still has equal scores.
  /// COUNTS: what its hops lead to, then the others in POP's order.
  ///
  /// But for the hops' scores, they are places in that order, whole numbers, so that nothing is rounded.
  package func rankingScorer() -> CountScorer {
    if let byLocale { return countsScorer(HopTables(byLocale, seen: seen)) }
    let places = popularity.places()
    guard let transitions else { return CountScorer(places) }
    // Above the place of every item, in every locale.
    let above = places.highest + 1
    let ranked = FollowerScorer(rows: popularity.rows) { last, locale in
      let followers = Array(transitions.followers(of: last))
      let standing = followers.map { follower in
        Follower(
          count: transitions.counts[follower],
          popularity: places.score(of: transitions.next[follower], in: locale))
      }
      return zip(followers, denseRanks(of: standing)).map { (transitions.next[$0], above + $1) }
    }
    return CountScorer(places, ranked)
  }

  private func countsScorer(_ tables: HopTables) -> CountScorer {
    let places = popularity.places()
    // Below 0, so that whatever has a score comes before.
    return CountScorer(places.lowered(by: places.highest + 1), HopScorer(tables, isShare: false))
  }

  /// Scores that are shares of all that was counted, below 1, for adding to others: of what followed the session's
  /// last item, or for POP of what occurred in its locale. count / (sum of counts + 1): little is sure of what was
  /// seen once.
  package func shareScorer() -> CountScorer {
    let nothing = [Float](repeating: 0, count: popularity.rows)
    if let byLocale {
      return CountScorer(
        LocaleScores(everywhere: nothing), HopScorer(HopTables(byLocale, seen: seen), isShare: true))
    }
    guard let transitions else {
      let offsets = popularity.offsets
      let shares = (0..<popularity.localeCount).flatMap { locale in
        Self.shares(popularity.counts[Int(offsets[locale])..<Int(offsets[locale + 1])])
      }
      return CountScorer(
        LocaleScores(
          withoutLocale: Self.shares(popularity.overall()[...]), elsewhere: nothing, popularity, shares))
    }
    let shares = FollowerScorer(rows: popularity.rows) { last, _ in
      let followers = transitions.followers(of: last)
      return zip(transitions.next[followers], Self.shares(transitions.counts[followers], unit: transitions.rule.unit))
        .map { ($0, $1) }
    }
    return CountScorer(LocaleScores(everywhere: nothing), shares)
  }

  /// What proposes candidates, and tells them apart: COUNTS by all parts of its scores, the others by their shares.
  package func candidateMember(name: String, top: Int) -> CandidateMember {
    guard let byLocale else {
      let shares = shareScorer()
      return CandidateMember(
        name: name, top: top, ranking: rankingScorer(), others: [shares], features: ScoreFeatures(shares))
    }
    let tables = HopTables(byLocale, seen: seen)
    return CandidateMember(
      name: name, top: top, ranking: countsScorer(tables), others: [], features: HopFeatures(tables))
  }

  private var seen: SeenItems { SeenItems([popularity] + added) }

  /// - Parameter unit: what an occurrence counts for.
  private static func shares(_ counts: ArraySlice<Int64>, unit: Int32 = 1) -> [Float] {
    let sum = counts.reduce(0, +) + Int64(unit)
    return counts.map { Float(Double($0) / Double(sum)) }
  }
}

/// What an item that followed is compared by.
private struct Follower: Comparable {
  let count: Int64
  let popularity: Float

  static func < (one: Follower, other: Follower) -> Bool {
    (one.count, one.popularity) < (other.count, other.popularity)
  }
}
