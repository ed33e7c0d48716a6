import MPI
import Models
import Sessions

/// How much was seen near what, in the sessions of each locale: what COUNTS counts.
package struct LocaleTransitions: Equatable, Sendable {
  /// Which pairs count, and how they are scored.
  package let options: CountingOptions
  /// Rows of the catalogue, the padding row counted.
  package let rows: Int
  /// By the locale's code; behind the last the pairs of sessions that have none.
  let runs: [PairRun]

  init(_ options: CountingOptions, rows: Int, _ runs: [PairRun]) {
    self.options = options
    self.rows = rows
    self.runs = runs
  }

  /// Counts the pairs of some sessions, each rank its share of them; collective. Once a signal asks to stop, sessions are
  /// left out: see `StopSignal.check`, which whoever uses the counts calls first.
  /// - Parameters:
  ///   - sessions: the same on every rank.
  ///   - selection: which sessions count, by their numbers.
  ///   - includesTargets: whether the pairs with the answer count, too.
  ///   - rows: of the catalogue, padding counted.
  ///   - localeCount: of the data set.
  /// - Returns: the same on every rank, and on any number of ranks.
  package static func count(
    _ options: CountingOptions, in sessions: SessionTable, selection: [Int32], includesTargets: Bool, rows: Int,
    localeCount: Int, group: any ProcessGroup
  ) throws(MPIError) -> LocaleTransitions {
    func order(_ sessionNumbers: ArraySlice<Int32>) -> SessionOrder {
      SessionOrder(sessionNumbers, localeCount: localeCount) { sessions.locales[Int($0)] }
    }
    let weights = PairWeights(options)
    let all = order(selection[...]), own = order(selection[group.share(of: selection.count)])
    var runs: [PairRun] = []
    for row in 0...localeCount {
      var counter = TransitionCounter()
      for session in own.sessions(ofRow: row) {
        if StopSignal.received != 0 { break }
        weights.forEachPair(
          of: Array(sessions.items(of: Int(session))), answer: includesTargets ? sessions.targets[Int(session)] : 0
        ) { counter.add($0, next: $1, weight: $2) }
      }
      let pairs = counter.finish()
      // Every rank knows which locales have no sessions: of those there is nothing to add up.
      runs.append(all.sessions(ofRow: row).isEmpty ? pairs : try group.sum(pairs, rows: rows))
    }
    return LocaleTransitions(options, rows: rows, runs)
  }

  /// How many different pairs were seen, those of each locale by themselves.
  package var pairs: Int { runs.reduce(0) { $0 + $1.keys.count } }

  /// The pairs of all sessions.
  var all: PairRun { PairRun.merging(runs) }

  /// The sum with other counts over the same catalogue and locales.
  package func adding(_ other: LocaleTransitions) -> LocaleTransitions {
    precondition(
      rows == other.rows && runs.count == other.runs.count && options == other.options,
      "pairs over \(rows) and \(other.rows) rows, of \(runs.count) and \(other.runs.count) locales")
    return LocaleTransitions(options, rows: rows, zip(runs, other.runs).map { $0.merged(with: $1) })
  }

  /// The same with the codes of another data set. What was seen in locales that it does not have is as if it had been seen
  /// in none.
  package func renumbered(from old: LocaleNames, to new: LocaleNames) -> LocaleTransitions {
    precondition(old.count == runs.count - 1, "\(old.count) names of \(runs.count - 1) locales")
    if old == new { return self }
    var renumbered = [PairRun](repeating: PairRun(adding: []), count: new.count + 1)
    for (row, run) in runs.enumerated() {
      let code = old.name(of: UInt16(row)).flatMap(new.code(of:)).map { Int($0) } ?? new.count
      renumbered[code] = renumbered[code].merged(with: run)
    }
    return LocaleTransitions(options, rows: rows, renumbered)
  }
}

// As arrays: pair by pair, locale after locale.
extension LocaleTransitions {
  /// `[L + 2]`: where the pairs of each locale begin, and one place after the last.
  package var offsets: [Int64] { runs.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int64($1.keys.count)) } }
  package var items: [Int32] { runs.flatMap { $0.keys.map(PairRun.item) } }
  /// Rising for each item.
  package var next: [Int32] { runs.flatMap { $0.keys.map(PairRun.next) } }
  /// In millionths, more or less: see `PairWeights`.
  package var counts: [Int64] { runs.flatMap(\.counts) }

  /// - Precondition: the arrays belong together, and rise.
  package init(
    _ options: CountingOptions, rows: Int, offsets: [Int64], items: [Int32], next: [Int32], counts: [Int64]
  ) {
    let runs = zip(offsets, offsets.dropFirst()).map { start, end in
      let range = Int(start)..<Int(end)
      return PairRun(
        keys: range.map { PairRun.key(items[$0], next: next[$0]) }, counts: Array(counts[range]))
    }
    self.init(options, rows: rows, runs)
  }
}
