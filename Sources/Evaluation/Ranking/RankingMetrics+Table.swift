import Sessions
import Text

extension RankingMetrics {
  /// The metrics as text for a terminal: a line a locale, `all` last, columns aligned.
  public var table: String {
    let metrics = all.metrics
    let header = ["locale", "sessions"] + metrics.map(\.description)
    func line(_ name: String, _ sessions: Int, _ values: MetricValues) -> [String] {
      [name, "\(sessions)"] + metrics.map { values[$0]?.formatted(digits: 4) ?? "" }
    }
    let ofLocales = ShopLocale.allCases.map(\.name).compactMap { name in
      locales[name].map { line(name, localeSessions[name] ?? 0, $0) }
    }
    return alignedTable([header] + ofLocales + [line("all", sessions, all)])
  }
}
