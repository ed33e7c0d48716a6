/// Numbers by names: a group of bars a name, one below the other, or the parts of a whole in a row.
///
/// Bars lie, so that names have room on a phone; with several series each bears the number that the legend has.
package struct BarChart {
  package var title: String
  /// What the names are.
  package var names: String
  package var axis: Axis
  package var groups: [Group]
  package var series: [String]
  /// Whether a group's values follow one another in one bar.
  package var isStacked = false
  /// Whether values are dots on the name's line rather than bars, for an axis that does not begin at 0. The last series is
  /// then drawn larger.
  package var isDotted = false

  package init(
    title: String, names: String, axis: Axis, groups: [Group], series: [String], isStacked: Bool = false,
    isDotted: Bool = false
  ) {
    self.title = title
    self.names = names
    self.axis = axis
    self.groups = groups
    self.series = series
    self.isStacked = isStacked
    self.isDotted = isDotted
  }

  package struct Group {
    package var name: String
    /// One a series; nil where there is none.
    package var values: [Double?]

    package init(name: String, values: [Double?]) {
      self.name = name
      self.values = values
    }
  }

  private static let longestName = 15

  package func drawing() -> Drawing {
    let isMarked = series.count > 1 && !isDotted
    let thickness = isStacked || isDotted ? 22.0 : series.count == 1 ? 18 : 15
    let rows = isStacked || isDotted ? 1 : series.count
    // The names' title stands upright beside them, and must have room.
    let content = thickness * Double(rows)
    let height = max(content + 9, 7.5 * Double(names.count) / Double(max(1, groups.count)))
    var plot = Plot()
    plot.left = 26 + 7.8 * Double(min(Self.longestName, groups.map(\.name.count).max() ?? 0))
    plot.left = max(plot.left, 50)
    // Behind the longest bar stands its number.
    plot.right = isStacked || isDotted ? 394 : 364
    plot.bottom = plot.top + max(1, Double(groups.count)) * height
    plot.height = plot.bottom + 48
    var axis = axis
    axis.beginsAtZero = !isDotted
    let scale = axis.scale(seen, from: plot.left, to: plot.right, ticks: 4, isWide: true)
    var bars: [Drawing.Bar] = [], dots: [Drawing.Dot] = [], words: [Drawing.Word] = []
    for (number, group) in groups.enumerated() {
      let top = plot.top + (height - content) / 2 + Double(number) * height
      var begun = 0.0
      for (number, value) in group.values.enumerated() {
        guard let value, value.isFinite else { continue }
        let tip = "\(group.name)\(series.count > 1 && !isDotted ? ", \(series[number])" : ""): \(Ticks.number(value))"
        if isDotted {
          let isBest = number == series.count - 1
          dots.append(
            Drawing.Dot(
              style: style(isBest ? 1 : 0), x: place(scale.place(value) ?? plot.left), y: place(top + thickness / 2),
              radius: isBest ? "5" : "2.5", tip: tip))
          continue
        }
        let y = isStacked ? top : top + Double(number) * thickness
        let from = scale.place(begun) ?? plot.left, to = scale.place(begun + value) ?? plot.left
        bars.append(
          Drawing.Bar(
            style: style(number), x: place(min(from, to)), y: place(y), width: place(abs(to - from)),
            height: place(thickness - (isStacked ? 0 : 2)), tip: tip))
        if isMarked, abs(to - from) > 12 {
          words.append(
            Drawing.Word(
              style: "mark", x: place(isStacked ? (from + to) / 2 : from + 7), y: place(y + thickness / 2 + 3.2),
              text: "\(number + 1)"))
        }
        if isStacked {
          begun += value
        } else {
          words.append(
            Drawing.Word(
              style: "beside", x: place(max(from, to) + 4), y: place(y + thickness / 2 + 3),
              text: Ticks.number(value)))
        }
      }
    }
    return plot.drawing(
      title: title, x: (axis.title, valueTicks(scale)), y: (names, nameTicks(plot, height)), bars: bars, dots: dots,
      words: words,
      legend: isDotted
        ? []
        : series.enumerated().map { number, name in
          Drawing.Entry(style: style(number), name: name, isLine: false, mark: isMarked ? "\(number + 1)" : nil)
        })
  }

  /// All values, of stacks their sums.
  private var seen: [Double] {
    let values = groups.map { $0.values.compactMap { $0 } }
    return isStacked ? values.map { $0.filter(\.isFinite).reduce(0, +) } : values.flatMap { $0 }
  }

  private func valueTicks(_ scale: Scale) -> [Drawing.Tick] {
    scale.ticks.compactMap { tick in
      scale.place(tick.value).map { Drawing.Tick(at: place($0), label: tick.label, fullLabel: nil, hasLine: true) }
    }
  }

  private func nameTicks(_ plot: Plot, _ height: Double) -> [Drawing.Tick] {
    groups.enumerated().map { number, group in
      let at = plot.top + (Double(number) + 0.5) * height
      let isLong = group.name.count > Self.longestName
      return Drawing.Tick(
        at: place(at), label: isLong ? group.name.prefix(Self.longestName - 1) + "…" : group.name,
        fullLabel: isLong ? group.name : nil, hasLine: isDotted)
    }
  }
}
