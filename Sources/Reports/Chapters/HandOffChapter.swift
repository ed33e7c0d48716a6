import Campaigns
import Evaluation
import Runs
import Storage

/// A hand-off: what the pre-trained model reaches as it is, fine-tuned, and what one from scratch does.
struct HandOffChapter {
  let name: String
  let path: String
  let report: HandOffReport

  var chapter: Chapter {
    Chapter(
      "Hand-off: \(name)",
      [Section(facts: facts, figures: bars + [curves].compactMap { $0 }, tables: [table])])
  }

  private var facts: [Fact] {
    [
      Fact("folder", path), Fact("mode", report.mode), Fact("ranked among", report.candidates),
      Fact("split", report.split), Fact("pre-trained weights, SHA-256", String(report.checkpoint.prefix(16)) + "…"),
    ]
  }

  private var table: Table {
    let lines = report.lines
    var head: [String] = [], leg = ""
    for (number, title) in lines[1].enumerated() {
      if !lines[0][number].isEmpty { leg = lines[0][number] + " " }
      head.append(leg + (leg.isEmpty ? title : title.lowercased()))
    }
    return Table("What each model reaches", head, Array(lines.dropFirst(2)))
  }

  private var legs: [String] {
    ["zero-shot", "fine-tuned"] + (report.rows.contains { $0.scratch != nil } ? ["from scratch"] : [])
  }

  /// The models of most sessions.
  private var shown: [HandOffRow] {
    let places = report.rows.indices.sorted {
      let (left, right) = (report.rows[$0].trainSessions, report.rows[$1].trainSessions)
      return left == right ? $0 < $1 : left > right
    }
    return places.prefix(12).sorted().map { report.rows[$0] }
  }

  private var bars: [Figure] {
    let computed = report.rows.lazy.compactMap { $0.fineTuned?.all.metrics }.first ?? []
    let cutoff = computed.map(\.cutoff).max() ?? 0
    return computed.filter { $0.cutoff == cutoff && $0.measure != .ndcg }.map { metric in
      let groups = shown.map { row in
        BarChart.Group(
          name: row.name,
          values: [row.zeroShot, row.fineTuned, row.scratch].prefix(legs.count).map { $0?.all[metric] })
      }
      let title = "\(metric.key) on the \(report.split) split"
      let chart = BarChart(
        title: title, names: "model", axis: Axis(title: metric.key), groups: groups, series: legs)
      return Figure(
        chart.drawing(),
        numbers: Table(
          title, ["model"] + legs,
          groups.map { group in [group.name] + group.values.map { $0.map(Ticks.number) ?? "-" } }))
    }
  }

  /// The valid metric of the models' own runs, which lie below the hand-off.
  private var curves: Figure? {
    let runs = shown.map { row in (row.name, Journal.records(ofRun: joined(path, row.folder ?? row.name))) }
    guard let all = runs.flatMap(\.1).lazy.compactMap({ $0.valid?.all.metrics }).first,
      let metric = all.last(where: { $0.measure == .mrr })
    else { return nil }
    let title = "Valid \(metric.key) while fine-tuning"
    let series = runs.map { name, epochs in
      LineChart.Series(
        name: name,
        points: epochs.compactMap { epoch in
          epoch.valid?.all[metric].map { (x: Double(epoch.epoch), y: $0) }
        })
    }.filter { !$0.points.isEmpty }
    let chart = LineChart(
      title: title, x: Axis(title: "epoch", isWhole: true), y: Axis(title: metric.key), series: series)
    return Figure(chart.drawing(), numbers: RunsChapter.numbers(title, "epoch", series))
  }
}
