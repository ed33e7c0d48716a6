import Evaluation
import Sessions
import Text

/// Figures of a split by locale, as a table and as bars.
struct LocaleFigures {
  let metrics: RankingMetrics

  /// A line for all, and one for each locale: twelve at most, those with the most sessions.
  func table(_ caption: String) -> Table {
    let columns = metrics.all.metrics
    func row(_ name: String, _ sessions: Int?, _ values: MetricValues) -> [String] {
      [name, sessions.map(String.init) ?? "-"] + columns.map { values[$0]?.formatted(digits: 4) ?? "-" }
    }
    let locales = Self.largest([metrics])
    let rows = locales.compactMap { name in
      metrics.locales[name].map { row(name, metrics.localeSessions[name], $0) }
    }
    let left = metrics.locales.count - locales.count
    let rest = left > 0 ? [["\(left) more"]] : []
    return Table(
      caption, ["locale", metrics.isEveryClick ? "targets" : "sessions"] + columns.map(\.key),
      [row("all", metrics.sessions, metrics.all)] + rows + rest)
  }

  /// The locales of some figures that have the most sessions, by name.
  static func largest(_ figures: [RankingMetrics], most: Int = 12) -> [String] {
    let names = Set(figures.flatMap(\.locales.keys)).sorted()
    let sizes = names.map { name in figures.map { $0.localeSessions[name] ?? 0 }.max() ?? 0 }
    return largestLines(sizes, most: most).shown.map { names[$0] }
  }
}
