import Evaluation
import Foundation
import Runs
import Sessions
import Text

/// What a hand-off reached: `handoff.json`, and a table for people.
package struct HandOffReport: Codable, Equatable, Sendable {
  /// SHA-256 of the pre-trained weights.
  package var checkpoint: String
  package var mode: String
  /// What targets were ranked among.
  package var candidates: String
  /// The split that was ranked.
  package var split: String
  package var rows: [HandOffRow]

  func encoded() throws -> Data { try handOffJSON(self) }

  /// Recall@100 and MRR@100 of every model: a line a locale, and `all`, the mean over all sessions; the joint model's
  /// lines after those of the locales' own.
  package var table: String { alignedTable(lines) }

  /// The table's cells; the first two lines are its head.
  package var lines: [[String]] {
    let hasScratch = rows.contains { $0.scratch != nil }
    let legs = ["zero-shot", "fine-tuned"] + (hasScratch ? ["scratch"] : [])
    let titles = ["", ""] + legs.flatMap { [$0, ""] }
    let header = ["model", "sessions"] + legs.flatMap { _ in Self.metrics.map(\.description) }
    let own = rows.filter { $0.name != Self.joint }
    let below =
      shortened(own.map { line($0.name, $0.figures(legs.count).map { $0?.all }, sessions: $0.zeroShot?.sessions) })
      + (own.count > 1 ? [mean(of: own, legs.count)] : [])
      + rows.filter { $0.name == Self.joint }.flatMap { jointLines($0, legs.count) }
    return [titles, header] + below
  }

  /// The report as it is printed, beside the one in JSON.
  static let tableFileName = FolderKind.tableOfHandOff
  /// The name of the model that is for all locales together.
  static let joint = "joint"
  private static let metrics = [RankingMetric(.recall, at: 100), RankingMetric(.mrr, at: 100)]

  private func line(_ name: String, _ values: [MetricValues?], sessions: Int?) -> [String] {
    [name, sessions.map(String.init) ?? "-"]
      + values.flatMap { values in Self.metrics.map { values?[$0]?.formatted(digits: 4) ?? "-" } }
  }

  /// Of many lines those of the most sessions, and one that counts the others.
  private func shortened(_ lines: [[String]]) -> [[String]] {
    let sizes = lines.map { Int($0[1]) ?? 0 }
    let (shown, others) = largestLines(sizes)
    let rest = others.isEmpty ? [] : [["\(others.count) more", "\(others.reduce(0) { $0 + sizes[$1] })"]]
    return shown.map { lines[$0] } + rest
  }

  /// The joint model in each locale, then over all.
  private func jointLines(_ row: HandOffRow, _ legs: Int) -> [[String]] {
    let figures = row.figures(legs)
    let lines = (row.locales ?? []).map { locale in
      line("joint \(locale)", figures.map { $0?.locales[locale] }, sessions: row.zeroShot?.localeSessions[locale])
    }
    return shortened(lines) + [line(Self.joint, figures.map { $0?.all }, sessions: row.zeroShot?.sessions)]
  }

  /// The models of the locales together: each ranks its own locale's sessions.
  private func mean(of rows: [HandOffRow], _ legs: Int) -> [String] {
    let means = (0..<legs).flatMap { leg in
      let figures = rows.compactMap { $0.figures(legs)[leg] }
      let sessions = figures.reduce(0) { $0 + $1.sessions }
      return Self.metrics.map { metric in
        guard sessions > 0 else { return "-" }
        let sum = figures.reduce(0) { $0 + ($1.all[metric] ?? 0) * Double($1.sessions) }
        return (sum / Double(sessions)).formatted(digits: 4)
      }
    }
    return ["all", "\(rows.reduce(0) { $0 + ($1.zeroShot?.sessions ?? 0) })"] + means
  }
}

extension HandOffRow {
  /// Zero-shot, fine-tuned, and where there are three from scratch.
  fileprivate func figures(_ count: Int) -> [RankingMetrics?] { Array([zeroShot, fineTuned, scratch].prefix(count)) }
}
