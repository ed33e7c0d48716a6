import Evaluation
import Runs
import Text

/// Runs beside one another: a line each, and their curves in the same charts.
struct RunsChapter {
  let runs: [RunReading]

  /// All runs' points of a chart: with more runs each has fewer, and the page keeps its size.
  private var pointsOfEach: Int { max(30, 1600 / max(1, runs.count)) }
  static let mostRows = 30

  var chapter: Chapter {
    Chapter(
      runs.count == 1 ? "Training" : "Training of \(runs.count) runs",
      [
        Section(
          figures: figures + [comparison.figure].compactMap { $0 },
          tables: [summary] + [comparison.table].compactMap { $0 })
      ])
  }

  private var summary: Table {
    let metric = runs.lazy.compactMap(\.validMetric).first
    let values = runs.map { run in metric.flatMap { run.bestEpoch?.valid?.all[$0] } }
    let best = values.compactMap { $0 }.max()
    let rows = zip(runs, values).map { row($0, best: $1) }
    return Table(
      runs.count == 1 ? "The run" : "The runs",
      [
        "run", "model", "epochs", "steps", "loss, nats", "best valid \(metric?.key ?? "metric")", "in epoch",
        "sessions/s",
        "time of training",
      ], rows, best: runs.count > 1 ? values.firstIndex { $0 != nil && $0 == best } : nil)
  }

  private func row(_ run: RunReading, best value: Double?) -> [String] {
    let isCounting = run.state?.countingModel != nil
    let seconds = run.epochs.reduce(0) { $0 + $1.seconds }
    let cells: [String?] = [
      run.name, run.options["model"], isCounting ? nil : "\(run.epochs.last?.epoch ?? 0)",
      isCounting ? nil : run.lastStep.map { Ticks.number(Double($0)) },
      run.epochs.last?.loss.formatted(digits: 4), value?.formatted(digits: 4), run.bestEpoch.map { "\($0.epoch)" },
      run.medianSpeed?.formatted(digits: 0), run.epochs.isEmpty ? nil : clock(seconds),
    ]
    return cells.map { $0 ?? "-" }
  }

  private var figures: [Figure] {
    var figures: [Figure?] = [
      steps("Training loss by step", Axis(title: "loss, nats")) { $0.loss },
      epochs("Training loss by epoch", Axis(title: "mean loss, nats")) { $0.loss },
    ]
    let metrics = runs.flatMap(\.metrics)
    let cutoff = metrics.map(\.cutoff).max() ?? 0
    for measure in RankingMetric.Measure.allCases {
      let metric = RankingMetric(measure, at: max(1, cutoff))
      figures.append(
        epochs("Valid \(metric.key) by epoch", Axis(title: metric.key)) { $0.valid?.all[metric] })
    }
    figures += [
      steps("Learning rate by step", Axis(title: "learning rate", beginsAtZero: true)) { $0.lr },
      steps("Speed by step", Axis(title: "sessions/s", beginsAtZero: true)) { $0.sessionsPerSecond },
    ]
    // A rank alone waits for nobody.
    if runs.contains(where: { $0.steps.contains { $0.waiting > 0 } }) {
      figures.append(
        steps("Waiting by step", Axis(title: "share of the time, %", beginsAtZero: true)) { 100 * $0.waiting })
    }
    if runs.allSatisfy(\.steps.isEmpty) {
      figures.append(
        epochs("Speed by epoch", Axis(title: "sessions/s", beginsAtZero: true)) { $0.sessionsPerSecond })
    }
    return figures.compactMap { $0 }
  }

  // MARK: Curves

  private func steps(_ title: String, _ axis: Axis, _ value: (StepRecord) -> Double) -> Figure? {
    let curves = runs.map { run in run.steps.map { (x: Double($0.step), y: value($0)) } }
    let longest = curves.map(\.count).max() ?? 0
    let size = (longest + pointsOfEach - 1) / pointsOfEach
    return figure(
      title, Axis(title: "steps done", isWhole: true), axis, curves,
      note: size > 1 ? "Each point is the mean of up to \(size) records." : nil)
  }

  private func epochs(_ title: String, _ axis: Axis, _ value: (EpochRecord) -> Double?) -> Figure? {
    let curves = runs.map { run in
      run.epochs.compactMap { epoch in value(epoch).map { (x: Double(epoch.epoch), y: $0) } }
    }
    return figure(title, Axis(title: "epoch", isWhole: true), axis, curves, note: nil)
  }

  /// A chart of all runs that have points; nil where none has.
  private func figure(
    _ title: String, _ x: Axis, _ y: Axis, _ curves: [[(x: Double, y: Double)]], note: String?
  ) -> Figure? {
    if curves.allSatisfy(\.isEmpty) { return nil }
    // A run keeps its colour from chart to chart.
    let series = zip(runs, curves).enumerated().compactMap { number, pair in
      pair.1.isEmpty
        ? nil
        : LineChart.Series(
          name: pair.0.name, points: Thinning.means(pair.1, limit: pointsOfEach), style: style(number))
    }
    return Figure(
      LineChart(title: title, x: x, y: y, series: series).drawing(), note: note,
      numbers: Self.numbers(title, x.title, series))
  }

  /// The numbers of curves: a row for each place, a column a curve.
  static func numbers(_ title: String, _ x: String, _ series: [LineChart.Series]) -> Table {
    let places = Thinning.some(Set(series.flatMap { $0.points.map(\.x) }).sorted(), limit: mostRows)
    let values = series.map { one in Dictionary(one.points.map { ($0.x, $0.y) }) { _, last in last } }
    return Table(
      title, [x] + series.map(\.name),
      places.map { place in
        [Ticks.number(place)] + values.map { $0[place].map(Ticks.number) ?? "" }
      })
  }

  // MARK: Locales

  /// The runs' best epochs by locale, where there are several of both.
  private var comparison: (figure: Figure?, table: Table?) {
    let known = runs.filter { ($0.bestEpoch?.valid?.locales.count ?? 0) > 1 }
    guard known.count > 1, let metric = known.lazy.compactMap(\.validMetric).first else { return (nil, nil) }
    let locales = LocaleFigures.largest(known.compactMap { $0.bestEpoch?.valid })
    let rows = locales.map { locale in
      BarChart.Group(name: locale, values: known.map { $0.bestEpoch?.valid?.locales[locale]?[metric] })
    }
    let title = "Valid \(metric.key) by locale, best epochs"
    let chart = BarChart(
      title: title, names: "locale", axis: Axis(title: metric.key), groups: rows, series: known.map(\.name))
    let numbers = Table(
      title, ["locale"] + known.map(\.name),
      rows.map { row in [row.name] + row.values.map { $0?.formatted(digits: 4) ?? "-" } })
    // Bars of many runs would fill screens; the table has them all.
    return known.count > 6 ? (nil, numbers) : (Figure(chart.drawing(), numbers: numbers), nil)
  }
}

extension RunReading {
  /// Steps done, as far as anything tells.
  var lastStep: Int? { [epochs.last?.step, steps.last?.step, state?.step].compactMap { $0 }.max() }

  /// Sessions a second of training in the middle epoch by speed.
  var medianSpeed: Double? {
    let speeds = epochs.map(\.sessionsPerSecond).sorted()
    return speeds.isEmpty ? steps.last?.sessionsPerSecond : speeds[speeds.count / 2]
  }
}
