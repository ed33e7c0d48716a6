import Foundation
import Randomness

/// One dimension of a search.
struct SweepAxis: Sendable {
  /// What it is called in the file: its option, or any name where it sets several options together.
  let label: String
  let values: Values

  enum Values: Sendable {
    /// Each value sets one option, or several that go together.
    case choices([[SweepOption]])
    /// Numbers to draw from.
    case range(SweepRange)
  }

  /// The names of all options that it sets.
  var options: Set<String> {
    switch values {
    case .choices(let choices): Set(choices.flatMap { $0.map(\.name) })
    case .range: [label]
    }
  }

  /// A value at random.
  func draw(_ random: inout RandomStream) -> [SweepOption] {
    switch values {
    case .choices(let choices): choices[Int(random.below(UInt64(choices.count)))]
    case .range(let range): [SweepOption(name: label, text: range.draw(&random))]
    }
  }
}

/// Numbers from `lower` to `upper`, to be drawn alike on a linear or a logarithmic scale.
struct SweepRange: Equatable, Sendable {
  let lower: Double
  let upper: Double
  let isLogarithmic: Bool
  /// Whether only whole numbers are drawn, the ends included.
  let isWhole: Bool

  /// A number as text, with at most four significant digits unless it is whole: readable in a folder's name, and
  /// no finer than a search can tell apart.
  func draw(_ random: inout RandomStream) -> String {
    if isWhole && !isLogarithmic {
      return "\(Int(lower) + Int(random.below(UInt64(upper - lower) + 1)))"
    }
    let share = random.unitDouble()
    let number =
      isLogarithmic ? exp(log(lower) + share * (log(upper) - log(lower))) : lower + share * (upper - lower)
    if isWhole { return "\(Int(min(max(number.rounded(), lower), upper)))" }
    return String(format: "%.4g", number)
  }
}
