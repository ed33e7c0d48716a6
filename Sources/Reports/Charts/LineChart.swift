/// Numbers over numbers: curves of some runs in one chart, or a cloud of dots.
package struct LineChart {
  package var title: String
  package var x: Axis
  package var y: Axis
  package var series: [Series]
  /// Whether dots are joined.
  package var isJoined = true

  package init(title: String, x: Axis, y: Axis, series: [Series], isJoined: Bool = true) {
    self.title = title
    self.x = x
    self.y = y
    self.series = series
    self.isJoined = isJoined
  }

  package struct Series {
    package var name: String
    package var points: [(x: Double, y: Double)]
    /// Where its colour differs from its place.
    package var style: String?

    package init(name: String, points: [(x: Double, y: Double)], style: String? = nil) {
      self.name = name
      self.points = points
      self.style = style
    }
  }

  /// Curves with more points than this have no dots, which would hide them.
  private static let mostDots = 40

  package func drawing() -> Drawing {
    let plot = Plot()
    let all = series.flatMap(\.points)
    let xScale = x.scale(all.map(\.x), from: plot.left, to: plot.right, ticks: 5, isWide: false)
    let yScale = y.scale(all.map(\.y), from: plot.bottom, to: plot.top, ticks: 5, isWide: true)
    var lines: [Drawing.Line] = [], dots: [Drawing.Dot] = []
    for (number, one) in series.enumerated() {
      let look = one.style ?? style(number)
      let places = one.points.compactMap { point -> (String, String, Double, Double)? in
        guard let x = xScale.place(point.x), let y = yScale.place(point.y) else { return nil }
        return (place(x), place(y), point.x, point.y)
      }
      if isJoined, places.count > 1 {
        lines.append(Drawing.Line(style: look, points: places.map { "\($0.0),\($0.1)" }.joined(separator: " ")))
      }
      if isJoined, places.count > Self.mostDots { continue }
      dots += places.map { x, y, at, value in
        Drawing.Dot(
          style: look, x: x, y: y, radius: places.count > 20 ? "2" : "3",
          tip: "\(one.name): \(Ticks.number(value)) at \(Ticks.number(at))")
      }
    }
    return plot.drawing(
      title: title, x: (x.title, ticks(xScale)), y: (y.title, ticks(yScale)), lines: lines, dots: dots,
      legend: series.enumerated().map { number, one in
        Drawing.Entry(style: one.style ?? style(number), name: one.name, isLine: true, mark: nil)
      })
  }

  private func ticks(_ scale: Scale) -> [Drawing.Tick] {
    scale.ticks.compactMap { tick in
      scale.place(tick.value).map { Drawing.Tick(at: place($0), label: tick.label, fullLabel: nil, hasLine: true) }
    }
  }
}
