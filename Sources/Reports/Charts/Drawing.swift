import Text

/// A chart as the template draws it: places in units of the drawing, as text, and words.
package struct Drawing {
  package let title: String
  package let width: String
  package let height: String
  package let left: String
  package let right: String
  package let top: String
  package let bottom: String
  package let xTitle: String
  package let xTitleX: String
  package let xTitleY: String
  package let xLabelY: String
  package let yTitle: String
  package let yTitleX: String
  package let yTitleY: String
  package let yLabelX: String
  package let xTicks: [Tick]
  package let yTicks: [Tick]
  package let lines: [Line]
  package let bars: [Bar]
  package let dots: [Dot]
  package let words: [Word]
  package let hasLegend: Bool
  package let legend: [Entry]

  package struct Tick {
    package let at: String
    package let label: String
    /// What was cut off of the label; nil where nothing was.
    package let fullLabel: String?
    package let hasLine: Bool
  }

  package struct Line {
    package let style: String
    package let points: String
  }

  package struct Bar {
    package let style: String
    package let x: String
    package let y: String
    package let width: String
    package let height: String
    package let tip: String
  }

  package struct Dot {
    package let style: String
    package let x: String
    package let y: String
    package let radius: String
    package let tip: String
  }

  package struct Word {
    package let style: String
    package let x: String
    package let y: String
    package let text: String
  }

  /// What a colour and its pattern stand for.
  package struct Entry {
    package let style: String
    package let name: String
    package let isLine: Bool
    /// The number that bars of it bear; nil where they bear none.
    package let mark: String?
  }
}

/// The place of a drawing inside its margins. Made for a phone's width: a computer shows it larger.
package struct Plot {
  package var width = 420.0
  package var height = 270.0
  package var left = 66.0
  /// Half of the last tick's label stands beyond.
  package var right = 394.0
  package var top = 10.0
  package var bottom = 222.0

  package init() {}

  func drawing(
    title: String, x: (title: String, ticks: [Drawing.Tick]), y: (title: String, ticks: [Drawing.Tick]),
    lines: [Drawing.Line] = [], bars: [Drawing.Bar] = [], dots: [Drawing.Dot] = [], words: [Drawing.Word] = [],
    legend: [Drawing.Entry]
  ) -> Drawing {
    Drawing(
      title: title, width: place(width), height: place(height), left: place(left), right: place(right),
      top: place(top), bottom: place(bottom), xTitle: x.title, xTitleX: place((left + right) / 2),
      xTitleY: place(bottom + 38), xLabelY: place(bottom + 18), yTitle: y.title, yTitleX: place(13),
      yTitleY: place((top + bottom) / 2), yLabelX: place(left - 7), xTicks: x.ticks, yTicks: y.ticks, lines: lines,
      bars: bars, dots: dots, words: words, hasLegend: legend.count > 1, legend: legend)
  }
}

/// A place in a drawing as text.
func place(_ number: Double) -> String {
  let text = number.formatted(digits: 1)
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// The colour and the pattern of the series of a chart: eight of each, and where there are more, other pairs.
package func style(_ series: Int) -> String { "s\(series % 8) d\((series + series / 8) % 8)" }
