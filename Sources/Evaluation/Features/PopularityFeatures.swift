import MPI
import Sessions

/// How often a candidate was seen, in the session's locale and in all, and how often as an answer.
package final class PopularityFeatures: FeatureSource {
  package let names = ["locale_count", "all_count", "answer_share"]
  /// Of training sessions with their answers, and of ranked ones without.
  private let counted: [ItemPopularity]
  /// `[items + 1]`.
  private let overall: [Int64]
  /// `[items + 1]`: which share of an item's occurrences in training sessions are answers.
  private let answerShares: [Float]

  /// - Parameters:
  ///   - whole: occurrences in training sessions, answers included.
  ///   - clicks: the same without answers.
  ///   - ranked: clicks of sessions that are ranked, where those count.
  init(whole: ItemPopularity, clicks: ItemPopularity, ranked: ItemPopularity?) {
    counted = [whole] + [ranked].compactMap { $0 }
    let all = whole.overall()
    overall = ranked.map { zip(all, $0.overall()).map { $0 + $1 } } ?? all
    answerShares = zip(all, clicks.overall()).map { $0 == 0 ? 0 : Float(Double($0 - $1) / Double($0)) }
  }

  /// Counts in one pass over the sessions, each rank its share of them; collective.
  /// - Parameters:
  ///   - training: sessions whose answers count, and which of them; the same on every rank.
  ///   - ranked: sessions whose clicks count, and which of them; nil where none do.
  ///   - rows: of the catalogue, padding counted.
  ///   - localeCount: of the data set.
  package convenience init(
    training: (table: SessionTable, selection: [Int32]), ranked: (table: SessionTable, selection: [Int32])?, rows: Int,
    localeCount: Int, group: any ProcessGroup
  ) throws(MPIError) {
    func count(_ sessions: (table: SessionTable, selection: [Int32]), answers: Bool) throws(MPIError) -> ItemPopularity
    {
      try ItemPopularity.count(
        in: sessions.table, selection: sessions.selection, includesTargets: answers, rows: rows,
        localeCount: localeCount, group: group)
    }
    var clicked: ItemPopularity?
    if let ranked { clicked = try count(ranked, answers: false) }
    self.init(
      whole: try count(training, answers: true), clicks: try count(training, answers: false), ranked: clicked)
  }

  package func features(of sessions: [CandidateSession], chunk: Int, thread: Int) -> [[Float]] {
    sessions.map { session in
      session.items.flatMap { item -> [Float] in
        let inAll = overall[Int(item)]
        let inLocale = counted.reduce(Int64(0)) { $0 + ($1.count(of: item, in: session.locale) ?? 0) }
        return [
          Float(session.locale < counted[0].localeCount ? inLocale : inAll), Float(inAll), answerShares[Int(item)],
        ]
      }
    }
  }
}
