import Foundation

/// What an axis tells, and how numbers lie along it.
package struct Axis {
  /// With the unit, such as `loss, nats`.
  package var title: String
  /// Whether it begins at 0, so that lengths can be compared.
  package var beginsAtZero = false
  /// Whether only whole numbers have a meaning.
  package var isWhole = false
  /// Whether equal distances are equal factors.
  package var isLogarithmic = false

  package init(title: String, beginsAtZero: Bool = false, isWhole: Bool = false, isLogarithmic: Bool = false) {
    self.title = title
    self.beginsAtZero = beginsAtZero
    self.isWhole = isWhole
    self.isLogarithmic = isLogarithmic
  }

  /// - Parameters:
  ///   - values: all that are to be seen; those that are not finite are passed over.
  ///   - isWide: whether the axis goes on to the next round number on both ends.
  ///   - first: where in the drawing the lowest number lies, and `last` the highest.
  package func scale(_ values: [Double], from first: Double, to last: Double, ticks count: Int, isWide: Bool) -> Scale {
    let seen = values.filter { $0.isFinite && (!isLogarithmic || $0 > 0) }
    var lower = seen.min() ?? 0, upper = seen.max() ?? 1
    if isLogarithmic {
      if lower == upper { (lower, upper) = (lower / 2, upper * 2) }
      let ticks = Ticks.logarithmic(lower...upper)
      let labels = ticks.map { Ticks.label($0, step: pow(10, floor(log10($0)))) }
      return Scale(isLogarithmic: true, lower: lower, upper: upper, ticks: Array(zip(ticks, labels)), first, last)
    }
    if beginsAtZero { (lower, upper) = (min(0, lower), max(0, upper)) }
    if lower == upper { (lower, upper) = isWhole ? (lower - 1, upper + 1) : Self.around(lower, beginsAtZero) }
    let step = Ticks.step(span: upper - lower, about: count, isWhole: isWhole)
    if isWide {
      lower = (lower / step + 1e-9).rounded(.down) * step
      upper = (upper / step - 1e-9).rounded(.up) * step
    }
    let ticks = Ticks.multiples(of: step, in: lower...upper)
    return Scale(
      isLogarithmic: false, lower: lower, upper: upper, ticks: ticks.map { ($0, Ticks.label($0, step: step)) }, first,
      last)
  }

  /// A range for a single number to lie in.
  private static func around(_ value: Double, _ beginsAtZero: Bool) -> (Double, Double) {
    if value == 0 { return (0, 1) }
    return beginsAtZero ? (min(0, value), max(0, value)) : (value - abs(value) / 10, value + abs(value) / 10)
  }
}

/// From numbers to places along one direction of a drawing.
package struct Scale {
  package let ticks: [(value: Double, label: String)]
  private let isLogarithmic: Bool
  private let lower: Double
  private let upper: Double
  private let first: Double
  private let last: Double

  init(
    isLogarithmic: Bool, lower: Double, upper: Double, ticks: [(Double, String)], _ first: Double, _ last: Double
  ) {
    self.isLogarithmic = isLogarithmic
    self.lower = lower
    self.upper = upper
    self.ticks = ticks.map { (value: $0.0, label: $0.1) }
    self.first = first
    self.last = last
  }

  /// nil for what has no place, such as infinity.
  package func place(_ value: Double) -> Double? {
    guard value.isFinite, !isLogarithmic || value > 0 else { return nil }
    let share = isLogarithmic ? log(value / lower) / log(upper / lower) : (value - lower) / (upper - lower)
    return first + share * (last - first)
  }
}
