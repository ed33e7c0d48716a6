import Sessions

/// A span of time as people write it: `90s`, `30m`, `2h`, `1d`.
struct TimeSpan {
  let microseconds: Int64

  /// - Throws: `SessionsError.invalidOption`.
  init(of text: String, option: String) throws {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), let number = Double(text.dropLast()), number > 0, number < 1e9
    else {
      throw SessionsError.invalidOption(name: option, reason: "is a time such as 30m, 90s or 2h, it is '\(text)'")
    }
    microseconds = Int64((number * unit * 1e6).rounded())
  }
}
