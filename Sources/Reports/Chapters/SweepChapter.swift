import Campaigns
import Text

/// A sweep: its best jobs, and which of the options that it varied made a difference.
struct SweepChapter {
  let name: String
  let path: String
  /// The best first, those that failed last.
  private let records: [SweepRecord]
  private let done: [SweepRecord]

  private static let mostJobs = 20
  private static let mostValues = 12

  init(name: String, path: String, records: [SweepRecord]) {
    self.name = name
    self.path = path
    self.records = records
    // The sort must not decide between equals.
    done = records.filter { $0.error == nil && !$0.figures.isEmpty }.enumerated().sorted { left, right in
      (right.element.figures[0].value, left.offset) < (left.element.figures[0].value, right.offset)
    }.map(\.element)
  }

  var chapter: Chapter {
    Chapter(
      "Sweep: \(name)",
      [Section(remarks: remarks, facts: facts, figures: figures, tables: [effects, jobs].compactMap { $0 } + failures)])
  }

  private var figure: String { done.first?.figures[0].name.lowercased() ?? "the figure" }

  private var facts: [Fact] {
    [
      Fact("folder", path), Fact("command", records.first?.command ?? "-"),
      Fact("jobs done", "\(done.count)"), Fact("jobs failed", "\(records.count { $0.error != nil })"),
      Fact("time of all jobs", clock(records.reduce(0) { $0 + $1.seconds })),
    ]
  }

  private var remarks: [String] {
    guard let first = varied.first, varied.count > 1 || first.spread > 0 else { return [] }
    return [
      "\(first.option) mattered most: by its values the best \(figure) goes from "
        + "\(Ticks.number(first.lowest)) to \(Ticks.number(first.highest))."
    ]
  }

  // MARK: Options

  /// An option that differs from job to job, and what was reached with each of its values.
  private struct Varied {
    let option: String
    /// In their order: numbers rising, else by name. The jobs of each are the best first.
    let values: [(text: String, jobs: [Double])]

    var lowest: Double { values.compactMap(\.jobs.first).min() ?? 0 }
    var highest: Double { values.compactMap(\.jobs.first).max() ?? 0 }
    /// What the choice of the value alone makes of the best job.
    var spread: Double { highest - lowest }
  }

  /// Those that made the largest difference first.
  private var varied: [Varied] {
    let names = Set(done.flatMap(\.options.keys)).sorted()
    let all = names.compactMap { name -> Varied? in
      let jobs = Dictionary(grouping: done) { $0.options[name] ?? "-" }
      guard jobs.count > 1 else { return nil }
      let texts = jobs.keys.sorted { left, right in
        guard let one = Double(left), let other = Double(right) else { return left < right }
        return (one, left) < (other, right)
      }
      return Varied(
        option: name, values: texts.map { text in (text, (jobs[text] ?? []).map { $0.figures[0].value }) })
    }
    return all.enumerated().sorted { left, right in
      (right.element.spread, left.offset) < (left.element.spread, right.offset)
    }.map(\.element)
  }

  private var figures: [Figure] {
    varied.prefix(8).map { option in
      let title = "\(option.option): \(figure) of each job"
      let chart = option.values.count > Self.mostValues ? cloud(option, title) : dots(option, title)
      return Figure(
        chart, note: option.values.count > Self.mostValues ? nil : "A large dot is the best job with a value.",
        numbers: numbers(option, title))
    }
  }

  /// A line a value, a dot a job.
  private func dots(_ option: Varied, _ title: String) -> Drawing {
    let most = option.values.map(\.jobs.count).max() ?? 1
    let groups = option.values.map { value in
      // The best stands last, where it is drawn large and above the others.
      BarChart.Group(
        name: value.text,
        values: Array(value.jobs.dropFirst()) + [Double?](repeating: nil, count: most - value.jobs.count)
          + [value.jobs.first])
    }
    return BarChart(
      title: title, names: option.option, axis: Axis(title: figure), groups: groups,
      series: [String](repeating: "", count: most), isDotted: true
    ).drawing()
  }

  /// Many values, as of a random search: numbers along an axis.
  private func cloud(_ option: Varied, _ title: String) -> Drawing {
    let numbers = option.values.compactMap { value in Double(value.text).map { ($0, value.jobs) } }
    let texts = option.values.enumerated().map { (Double($0.offset + 1), $0.element.jobs) }
    let isNumeric = numbers.count == option.values.count
    let places = (isNumeric ? numbers : texts).flatMap { x, jobs in jobs.map { (x: x, y: $0) } }
    let lowest = places.map(\.x).min() ?? 0, highest = places.map(\.x).max() ?? 0
    let axis = Axis(
      title: isNumeric ? option.option : "\(option.option), by the place in the table",
      isWhole: !isNumeric, isLogarithmic: lowest > 0 && highest > 30 * lowest)
    return LineChart(
      title: title, x: axis, y: Axis(title: figure), series: [LineChart.Series(name: "job", points: places)],
      isJoined: false
    ).drawing()
  }

  private func numbers(_ option: Varied, _ title: String) -> Table {
    let rows = option.values.map { value in
      [
        value.text, "\(value.jobs.count)", value.jobs.first?.formatted(digits: 4) ?? "-",
        (value.jobs.reduce(0, +) / Double(max(1, value.jobs.count))).formatted(digits: 4),
        value.jobs.last?.formatted(digits: 4) ?? "-",
      ]
    }
    return Table(title, [option.option, "jobs", "best", "mean", "worst"], Array(rows.prefix(100)))
  }

  private var effects: Table? {
    if varied.isEmpty { return nil }
    return Table(
      "What each option made of \(figure), the best job by value",
      ["option", "values", "best value", "best job", "poorest value", "best job there", "difference"],
      varied.map { option in
        let best = option.values.first { $0.jobs.first == option.highest }?.text ?? "-"
        let least = option.values.first { $0.jobs.first == option.lowest }?.text ?? "-"
        return [
          option.option, "\(option.values.count)", best, option.highest.formatted(digits: 4), least,
          option.lowest.formatted(digits: 4), option.spread.formatted(digits: 4),
        ]
      })
  }

  // MARK: Jobs

  private var jobs: Table? {
    if done.isEmpty { return nil }
    let names = varied.map(\.option)
    let figures = done.reduce(into: [String]()) { names, record in
      for figure in record.figures where !names.contains(figure.name) { names.append(figure.name) }
    }
    let rows = done.prefix(Self.mostJobs).enumerated().map { place, record in
      ["\(place + 1)"] + names.map { record.options[$0] ?? "-" }
        + figures.map { name in
          record.figures.first { $0.name == name }?.value.formatted(digits: 4) ?? "-"
        } + [clock(record.seconds)]
    }
    let caption = done.count > rows.count ? "The best \(rows.count) of \(done.count) jobs" : "All jobs, the best first"
    return Table(caption, ["place"] + names + figures.map { $0.lowercased() } + ["time"], rows, best: 0)
  }

  private var failures: [Table] {
    let failed = records.filter { $0.error != nil }
    if failed.isEmpty { return [] }
    return [
      Table("Jobs that failed", ["job", "of what"], failed.prefix(Self.mostJobs).map { [$0.job, $0.error ?? ""] })
    ]
  }
}
