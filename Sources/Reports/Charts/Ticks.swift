import Foundation
import Text

/// Where an axis has its ticks: at round numbers, 1, 2 or 5 times a power of ten.
package enum Ticks {
  /// The distance between ticks so that there are about `count` of them over a span.
  /// - Parameter isWhole: whether what is between whole numbers means nothing, as with epochs.
  package static func step(span: Double, about count: Int, isWhole: Bool = false) -> Double {
    guard span > 0, span.isFinite else { return 1 }
    let wanted = span / Double(max(1, count))
    let power = pow(10, floor(log10(wanted)))
    // Rounding must not make 2.0000001 of a wanted 2 a step of 5.
    let step = power * (([1, 2, 5].first { $0 * power >= wanted * (1 - 1e-9) }) ?? 10)
    return isWhole ? max(1, step) : step
  }

  /// The multiples of a step inside a range.
  package static func multiples(of step: Double, in range: ClosedRange<Double>) -> [Double] {
    let first = (range.lowerBound / step - 1e-9).rounded(.up), last = (range.upperBound / step + 1e-9).rounded(.down)
    guard step > 0, first <= last, last - first < 1000 else { return [range.lowerBound, range.upperBound] }
    // A zero that rounding made negative would be shown with its sign.
    return stride(from: first, through: last, by: 1).map { $0 * step + 0 }
  }

  /// The powers of ten inside a range of positive numbers, with some times them where there are few.
  package static func logarithmic(_ range: ClosedRange<Double>) -> [Double] {
    let lowest = Int(floor(log10(range.lowerBound))), highest = Int(ceil(log10(range.upperBound)))
    let isInside: (Double) -> Bool = { $0 >= range.lowerBound * (1 - 1e-9) && $0 <= range.upperBound * (1 + 1e-9) }
    func ticks(_ factors: [Double]) -> [Double] {
      (lowest...highest).flatMap { decade -> [Double] in
        let power = pow(10.0, Double(decade))
        return factors.map { $0 * power }
      }.filter(isInside)
    }
    let choices = [[1], [1, 3], [1, 2, 5]].map(ticks)
    return choices.first { $0.count >= 3 } ?? choices[2]
  }

  /// A tick's number, with the digits that tell it from its neighbours.
  /// - Parameter step: the distance to them.
  package static func label(_ value: Double, step: Double) -> String {
    if abs(value) >= 1e6, step >= 1e5 {
      return (value / 1e6).formatted(digits: step < 1e6 ? 1 : 0) + " M"
    }
    let digits = step >= 1 ? 0 : Int((-log10(step) - 1e-9).rounded(.up))
    if digits > 5 { return String(format: "%.0e", value) }
    return grouped(value.formatted(digits: max(0, digits)))
  }

  /// A number of its own, as in a table or beside a bar: about four digits that count.
  package static func number(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    let size = abs(value)
    if size == 0 { return "0" }
    if size < 1e-4 { return String(format: "%.3g", value) }
    if size >= 100 { return grouped(value.formatted(digits: size < 1000 && value != value.rounded() ? 1 : 0)) }
    if value == value.rounded() { return value.formatted(digits: 0) }
    return value.formatted(digits: size < 0.01 ? 6 : size < 10 ? 4 : 2)
  }

  /// `12,345` of `12345`.
  private static func grouped(_ text: String) -> String {
    let whole = text.prefix { $0 != "." }
    let digits = whole.drop { $0 == "-" }
    if digits.count < 5 { return text }
    var shown = ""
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place) % 3 == 0 { shown += "," }
      shown.append(digit)
    }
    return (whole.hasPrefix("-") ? "-" : "") + shown + text.dropFirst(whole.count)
  }
}
