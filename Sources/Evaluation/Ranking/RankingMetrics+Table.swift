import Sessions
import Text

extension RankingMetrics {
  /// The metrics as text for a terminal: a line a locale, `all` last, columns aligned. Of many locales the largest have
  /// lines, and the others one that counts them.
  /// - Parameters:
  ///   - names: of the data set, in whose order they stand.
  ///   - cutoff: of the metrics that are shown; nil for all.
  public func table(of names: LocaleNames, cutoff: Int? = nil) -> String {
    let metrics = all.metrics.filter { cutoff == nil || $0.cutoff == cutoff }
    let present = names.names.filter { locales[$0] != nil }
    let header = [present.isEmpty ? "" : "locale", isEveryClick ? "targets" : "sessions"] + metrics.map(\.description)
    func line(_ name: String, _ sessions: Int, _ values: MetricValues?) -> [String] {
      [name, "\(sessions)"] + metrics.map { values?[$0]?.formatted(digits: 4) ?? "" }
    }
    let sizes = present.map { localeSessions[$0] ?? 0 }
    let (shown, others) = largestLines(sizes)
    let rest = others.isEmpty ? [] : [["\(others.count) more", "\(others.reduce(0) { $0 + sizes[$1] })"]]
    return alignedTable(
      [header] + shown.map { line(present[$0], sizes[$0], locales[present[$0]]) } + rest + [line("all", sessions, all)])
  }

  /// The metrics by how often targets occur in training; empty where that was not asked for.
  public var popularityTable: String {
    guard let popularity else { return "" }
    let metrics = all.metrics
    let header = ["in training", "targets", "share"] + metrics.map(\.description)
    let lines = popularity.map { bucket in
      let share = (100 * Double(bucket.targets) / Double(sessions)).formatted(digits: 1) + " %"
      return [bucket.name, "\(bucket.targets)", share]
        + metrics.map { bucket.metrics?[$0]?.formatted(digits: 4) ?? "-" }
    }
    return alignedTable([header] + lines)
  }
}
