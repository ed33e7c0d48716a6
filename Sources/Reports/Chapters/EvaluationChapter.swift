import Evaluation
import Text

/// Figures that `caravan evaluate --json` wrote, beside one another and by locale.
struct EvaluationChapter {
  /// With the names of their files.
  let evaluations: [(name: String, metrics: RankingMetrics)]

  var chapter: Chapter {
    Chapter(
      evaluations.count == 1 ? "Evaluation" : "Evaluations",
      [Section(figures: figures, tables: [table])]
        + evaluations.filter { $0.metrics.locales.count > 1 }.map { evaluation in
          Section(tables: [
            LocaleFigures(metrics: evaluation.metrics).table("\(evaluation.name), by locale")
          ])
        }
        + evaluations.compactMap { evaluation in
          evaluation.metrics.popularity.map { Section(tables: [popularity($0, evaluation.name)]) }
        })
  }

  private var metrics: [RankingMetric] {
    let all = Set(evaluations.flatMap(\.metrics.all.metrics))
    return RankingMetric.all(at: Set(all.map(\.cutoff)).sorted()).filter(all.contains)
  }

  private var table: Table {
    let metrics = metrics
    return Table(
      "Figures", ["file", "split", "ranked"] + metrics.map(\.key),
      evaluations.map { name, figures in
        [name, figures.split, "\(figures.sessions) \(figures.isEveryClick ? "targets" : "sessions")"]
          + metrics.map { figures.all[$0]?.formatted(digits: 4) ?? "-" }
      })
  }

  /// Recall and MRR at the largest cut-off: a group a locale, or where there are none a bar a file.
  private var figures: [Figure] {
    let cutoff = metrics.map(\.cutoff).max() ?? 0
    return metrics.filter { $0.cutoff == cutoff && $0.measure != .ndcg }.compactMap { metric in
      let locales = evaluations.count <= 6 ? LocaleFigures.largest(evaluations.map(\.metrics)) : []
      let names = evaluations.map(\.name)
      let groups =
        locales.isEmpty
        ? evaluations.map { BarChart.Group(name: $0.name, values: [$0.metrics.all[metric]]) }
        : (["all"] + locales).map { locale in
          BarChart.Group(
            name: locale,
            values: evaluations.map { _, figures in
              (locale == "all" ? figures.all : figures.locales[locale])?[metric]
            })
        }
      if locales.isEmpty, groups.count < 2 { return nil }
      let title = locales.isEmpty ? metric.key : "\(metric.key) by locale"
      let chart = BarChart(
        title: title, names: locales.isEmpty ? "file" : "locale", axis: Axis(title: metric.key), groups: groups,
        series: locales.isEmpty ? [metric.key] : names)
      return Figure(
        chart.drawing(),
        numbers: Table(
          title, [locales.isEmpty ? "file" : "locale"] + (locales.isEmpty ? [metric.key] : names),
          groups.map { group in [group.name] + group.values.map { $0?.formatted(digits: 4) ?? "-" } }))
    }
  }

  private func popularity(_ buckets: [PopularityBucket], _ name: String) -> Table {
    let metrics = buckets.lazy.compactMap(\.metrics).first?.metrics ?? []
    return Table(
      "\(name), by how often targets occur in training", ["occurrences", "targets"] + metrics.map(\.key),
      buckets.map { bucket in
        [bucket.name, "\(bucket.targets)"] + metrics.map { bucket.metrics?[$0]?.formatted(digits: 4) ?? "-" }
      })
  }
}
