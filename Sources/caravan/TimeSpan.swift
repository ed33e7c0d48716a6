import Sessions

/// A span of time as people write it: `90s`, `30m`, `2h`, `1d`, a number alone for seconds.
struct TimeSpan {
  let milliseconds: Int64

  /// - Throws: `SessionsError.invalidOption`.
  init(of text: String, option: String) throws {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    let unit = text.last.flatMap { units[$0] }
    guard let number = Double(unit == nil ? text : String(text.dropLast())), number > 0, number < 1e9 else {
      throw SessionsError.invalidOption(name: option, reason: "is a time such as 30m, 90s or 2h, it is '\(text)'")
    }
    milliseconds = Int64((number * (unit ?? 1) * 1000).rounded())
  }
}
