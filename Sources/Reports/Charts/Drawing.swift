import Text

/// A chart as the template draws it: places in units of the drawing, as text, and words.
struct Drawing {
  let title: String
  let width: String
  let height: String
  let left: String
  let right: String
  let top: String
  let bottom: String
  let xTitle: String
  let xTitleX: String
  let xTitleY: String
  let xLabelY: String
  let yTitle: String
  let yTitleX: String
  let yTitleY: String
  let yLabelX: String
  let xTicks: [Tick]
  let yTicks: [Tick]
  let lines: [Line]
  let bars: [Bar]
  let dots: [Dot]
  let words: [Word]
  let hasLegend: Bool
  let legend: [Entry]

  struct Tick {
    let at: String
    let label: String
    /// What was cut off of the label; nil where nothing was.
    let fullLabel: String?
    let hasLine: Bool
  }

  struct Line {
    let style: String
    let points: String
  }

  struct Bar {
    let style: String
    let x: String
    let y: String
    let width: String
    let height: String
    let tip: String
  }

  struct Dot {
    let style: String
    let x: String
    let y: String
    let radius: String
    let tip: String
  }

  struct Word {
    let style: String
    let x: String
    let y: String
    let text: String
  }

  /// What a colour and its pattern stand for.
  struct Entry {
    let style: String
    let name: String
    let isLine: Bool
    /// The number that bars of it bear; nil where they bear none.
    let mark: String?
  }
}

/// The place of a drawing inside its margins. Made for a phone's width: a computer shows it larger.
struct Plot {
  var width = 420.0
  var height = 270.0
  var left = 66.0
  /// Half of the last tick's label stands beyond.
  var right = 394.0
  var top = 10.0
  var bottom = 222.0

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
func style(_ series: Int) -> String { "s\(series % 8) d\((series + series / 8) % 8)" }
