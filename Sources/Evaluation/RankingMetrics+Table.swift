import Foundation
import Sessions

extension RankingMetrics {
  /// The metrics as text for a terminal: a line a locale, `all` last, columns aligned.
  public var table: String {
    let metrics = all.metrics
    let header = ["locale", "sessions"] + metrics.map(\.description)
    func line(_ name: String, _ sessions: Int, _ values: MetricValues) -> [String] {
      [name, "\(sessions)"] + metrics.map { values[$0].map { String(format: "%.4f", $0) } ?? "" }
    }
    let ofLocales = ShopLocale.allCases.map(\.name).compactMap { name in
      locales[name].map { line(name, localeSessions[name] ?? 0, $0) }
    }
    let rows = [header] + ofLocales + [line("all", sessions, all)]
    let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ") + "\n"
    }.joined()
  }
}
