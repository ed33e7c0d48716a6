import Campaigns
import Learning
import Text

/// Measurements of `caravan bench`: where a step's time goes, how speed grows with the ranks, memory.
struct BenchChapter {
  /// With the names of their files.
  let reports: [(name: String, report: BenchReport)]

  var chapter: Chapter {
    Chapter(
      reports.count == 1 ? "Measurement" : "Measurements",
      [Section(figures: [phases, scaling, memory].compactMap { $0 }, tables: [setup, speed])])
  }

  private var setup: Table {
    Table(
      "What was measured",
      [
        "file", "model", "items", "batch", "precision", "item table", "ranks", "threads a rank", "instruction set",
        "caravan",
      ],
      reports.map { name, report in
        [
          name, report.model, Ticks.number(Double(report.items)), "\(report.batchSize)", report.precision,
          report.itemTable, "\(report.ranks)", "\(report.threadsPerRank)", report.instructionSet,
          "\(report.caravan) (\(shortCommit(report.commit)))",
        ]
      })
  }

  private var speed: Table {
    Table(
      "What came of it",
      [
        "file", "seconds a step", "sessions/s", "targets/s", "share of the peak", "sent in a step, MB",
        "evaluated sessions/s",
      ],
      reports.map { name, report in
        let sent = Double(report.bytesSentPerStep.max() ?? 0) / 1e6
        let share = (100 * report.shareOfPeak).formatted(digits: 1)
        return [
          name, report.secondsPerStep.formatted(digits: 4), report.sessionsPerSecond.formatted(digits: 0),
          report.targetsPerSecond.formatted(digits: 0), "\(share) %", sent.formatted(digits: 1),
          report.evaluatedSessionsPerSecond.formatted(digits: 0),
        ]
      })
  }

  private var phases: Figure? {
    let names = StepPhase.allCases.map(\.rawValue).filter { name in reports.contains { $0.report.phases[name] != nil } }
    if names.isEmpty { return nil }
    let groups = reports.map { name, report in
      BarChart.Group(name: name, values: names.map { phase in report.phases[phase].map { 1000 * $0 } })
    }
    let shown = names.map { $0.replacing("_", with: " ") }
    let title = "Where a step's time goes"
    let chart = BarChart(
      title: title, names: "measurement", axis: Axis(title: "milliseconds, mean over the ranks"), groups: groups,
      series: shown, isStacked: true)
    return Figure(
      chart.drawing(),
      numbers: Table(
        title + ", milliseconds", ["phase"] + groups.map(\.name),
        shown.enumerated().map { number, phase in
          [phase] + groups.map { $0.values[number]?.formatted(digits: 2) ?? "-" }
        }))
  }

  /// Sessions a second against ranks, a curve for what differs in nothing else; nil where ranks do not differ.
  private var scaling: Figure? {
    let alike = Dictionary(grouping: reports.map(\.report)) { report in
      "\(report.model), \(Ticks.number(Double(report.items))) items, batch \(report.batchSize), \(report.precision), "
        + "\(report.itemTable), threads \(report.threadsPerRank)"
    }.filter { Set($0.value.map(\.ranks)).count > 1 }.sorted { $0.key < $1.key }
    if alike.isEmpty { return nil }
    var series: [LineChart.Series] = []
    for (number, (name, reports)) in alike.enumerated() {
      let points = reports.map { (x: Double($0.ranks), y: $0.sessionsPerSecond) }.sorted { $0.x < $1.x }
      series.append(LineChart.Series(name: alike.count == 1 ? "measured" : name, points: points, style: style(number)))
      if alike.count == 1, let first = points.first, let last = points.last {
        // What as many ranks as that would do if none waited for another.
        let ideal = points.map { (x: $0.x, y: first.y * $0.x / first.x) }
        if last.x > first.x { series.append(LineChart.Series(name: "in proportion", points: ideal, style: "s7 d2")) }
      }
    }
    let title = "Speed by ranks"
    let chart = LineChart(
      title: title, x: Axis(title: "ranks", isWhole: true), y: Axis(title: "sessions/s", beginsAtZero: true),
      series: series)
    return Figure(
      chart.drawing(), note: alike.count == 1 ? alike.first?.key : nil,
      numbers: RunsChapter.numbers(title, "ranks", series))
  }

  private var memory: Figure? {
    let groups = reports.map { name, report in
      BarChart.Group(
        name: name,
        values: [report.forecastBytes.max(), report.peakMemoryBytes.max()].map { $0.map { Double($0) / 1e6 } })
    }
    if groups.allSatisfy({ $0.values.allSatisfy { $0 == nil } }) { return nil }
    let title = "Memory of the rank that has most"
    let chart = BarChart(
      title: title, names: "measurement", axis: Axis(title: "MB"), groups: groups, series: ["forecast", "taken"])
    return Figure(
      chart.drawing(),
      numbers: Table(
        title + ", MB", ["measurement", "forecast", "taken"],
        groups.map { group in [group.name] + group.values.map { $0?.formatted(digits: 1) ?? "-" } }))
  }
}
