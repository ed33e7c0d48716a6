import Evaluation
import Runs
import Text

/// One run by itself: what it was, what computed it, its locales, its epochs, all of its options.
struct RunChapter {
  let run: RunReading

  var chapter: Chapter {
    Chapter(
      "Run: \(run.name)",
      [
        Section(
          remarks: remarks, facts: facts, figures: figures, tables: [localeTable].compactMap { $0 },
          foldedTables: [epochTable].compactMap { $0 }, listings: listings)
      ])
  }

  private var remarks: [String] {
    var remarks: [String] = []
    if run.epochs.isEmpty, run.state?.countingModel == nil { remarks.append("No epoch of it is done yet.") }
    if let fault = run.stateFault { remarks.append("Its newest checkpoint cannot be read: \(fault).") }
    return remarks
  }

  private var facts: [Fact] {
    let options = run.options
    var facts = [Fact("folder", run.path)]
    func add(_ name: String, _ value: String?) { if let value, !value.isEmpty { facts.append(Fact(name, value)) } }
    add("model", options["model"])
    add("data set", options["dataset"])
    add("locales", options["locales"])
    add("items", run.state.map { Ticks.number(Double($0.items)) })
    add(
      "loss", [options["loss"], options["targets"].map { "targets \($0)" }].compactMap { $0 }.joined(separator: ", "))
    add("sessions a batch", options["batch_size"])
    add("last start", run.log.start)
    if let state = run.state {
      add("newest checkpoint", "after step \(Ticks.number(Double(state.step)))")
      add("best checkpoint", state.progress.bestStep.map { "after step \(Ticks.number(Double($0)))" })
      let build = state.build ?? [:]
      add("caravan", build["caravan"].map { $0 + (build["commit"].map { " (\(shortCommit($0)))" } ?? "") })
      add("MPI", build["mpi"])
      add("oneDNN", build["onednn"])
      add("instruction set", state.instructionSet)
    } else {
      add("computed by", computedBy)
    }
    return facts
  }

  /// The line that `config.yaml` begins with.
  private var computedBy: String? {
    let first = run.configuration.prefix { $0 != "\n" }
    return first.hasPrefix("# ") ? String(first.dropFirst(2)) : nil
  }

  // MARK: Locales

  /// The measures at the largest cut-off, a curve a locale.
  private var figures: [Figure] {
    let valid = run.epochs.compactMap(\.valid)
    guard valid.contains(where: { $0.locales.count > 1 }) else { return [] }
    let cutoff = run.metrics.map(\.cutoff).max() ?? 1
    let locales = LocaleFigures.largest(valid, most: 8)
    return run.metrics.filter { $0.cutoff == cutoff && $0.measure != .ndcg }.map { metric in
      let title = "Valid \(metric.key) by locale and epoch"
      let series = locales.map { locale in
        LineChart.Series(
          name: locale,
          points: run.epochs.compactMap { epoch in
            epoch.valid?.locales[locale]?[metric].map { (x: Double(epoch.epoch), y: $0) }
          })
      }
      let chart = LineChart(
        title: title, x: Axis(title: "epoch", isWhole: true), y: Axis(title: metric.key), series: series)
      return Figure(chart.drawing(), numbers: RunsChapter.numbers(title, "epoch", series))
    }
  }

  private var localeTable: Table? {
    run.bestEpoch.flatMap { epoch in
      epoch.valid.map { LocaleFigures(metrics: $0).table("Valid split after epoch \(epoch.epoch), the best") }
    }
  }

  private var epochTable: Table? {
    if run.epochs.isEmpty { return nil }
    let epochs = Thinning.some(run.epochs, limit: 200)
    let metrics = run.metrics
    return Table(
      epochs.count == run.epochs.count ? "All epochs" : "\(epochs.count) of \(run.epochs.count) epochs",
      ["epoch", "step", "loss", "seconds", "sessions/s"] + metrics.map(\.key),
      epochs.map { epoch in
        [
          "\(epoch.epoch)", "\(epoch.step)", epoch.loss.formatted(digits: 4), epoch.seconds.formatted(digits: 1),
          epoch.sessionsPerSecond.formatted(digits: 0),
        ] + metrics.map { epoch.valid?.all[$0]?.formatted(digits: 4) ?? "-" }
      }, best: epochs.firstIndex { $0.epoch == run.bestEpoch?.epoch })
  }

  // MARK: Texts

  private var listings: [Listing] {
    var listings: [Listing] = []
    if let command = run.log.command { listings.append(Listing("The command", command)) }
    listings.append(Listing("All options, as config.yaml has them", run.configuration))
    if !run.log.lastLines.isEmpty {
      listings.append(Listing("The last lines of log.txt", run.log.lastLines.joined(separator: "\n")))
    }
    return listings
  }
}

/// A commit as people write it, and whether the sources differed from it.
func shortCommit(_ commit: String) -> String {
  commit.prefix(12) + (commit.hasSuffix("+changes") ? "+changes" : "")
}
