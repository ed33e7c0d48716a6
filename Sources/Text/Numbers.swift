import Foundation

extension Double {
  /// The number with that many digits behind the point, whatever the system's language.
  package func formatted(digits: Int) -> String { String(format: "%.\(digits)f", self) }
}

/// `1:02:03` or `2:03`.
package func clock(_ seconds: Double) -> String {
  let whole = Int(seconds.rounded())
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  let minutes = whole / 60
  return minutes < 60
    ? "\(minutes):\(two(whole % 60))" : "\(minutes / 60):\(two(minutes % 60)):\(two(whole % 60))"
}

/// A number of things, such as `1 rank` or `2 ranks`.
package func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
