/// Times as logs have them, in microseconds since 1970.
///
/// Numbers count seconds, milliseconds, microseconds or nanoseconds since 1970, or since whatever began the log: the
/// first one tells which, by its size, and all others must be of that size. Text is ISO 8601's:
/// `2014-04-07T10:51:09.277Z`, `2014-04-07 10:51:09+02:00`, `2014-04-07 10:51:09 UTC`, `2014-04-07`; without an offset it
/// is taken for UTC.
public enum TimeFormat: String, CaseIterable, Sendable {
  case seconds, milliseconds, microseconds, nanoseconds, iso8601 = "ISO 8601"

  /// The format of a file's first time; nil where it is none.
  init?(of text: TextSlice) {
    if let number = Self.number(text) {
      self.init(ofSize: number)
    } else if Self.calendar(text) != nil {
      self = .iso8601
    } else {
      return nil
    }
  }

  private init(ofSize number: Double) {
    self = number < 1e11 ? .seconds : number < 1e14 ? .milliseconds : number < 1e17 ? .microseconds : .nanoseconds
  }

  /// A time in microseconds; nil where the text is no such time, or a number of another size.
  @inline(__always)
  func microseconds(_ text: TextSlice) -> Int64? {
    if self == .iso8601 { return Self.calendar(text) }
    guard let number = Self.number(text), TimeFormat(ofSize: number) == self else { return nil }
    return switch self {
    case .seconds: Int64((number * 1e6).rounded())
    case .milliseconds: Int64((number * 1e3).rounded())
    case .microseconds: Int64(number)
    case .nanoseconds, .iso8601: Int64(number / 1e3)
    }
  }

  /// What a span of milliseconds is, such as of a session's age.
  static func microseconds(ofMilliseconds text: TextSlice) -> Int64? {
    guard let number = number(text), number < 1e14 else { return nil }
    return Int64((number * 1e3).rounded())
  }

  /// Whether a number, which is taken for seconds, looks like a date, 20230131.
  static func looksLikeDate(_ text: TextSlice) -> Bool {
    guard text.count == 8, let number = number(text).map({ Int($0) }) else { return false }
    return (1990...2100).contains(number / 10_000) && (1...12).contains(number / 100 % 100)
      && (1...31).contains(number % 100)
  }

  /// `1396000045`, `1396000045.250` or `1.396e9`, at most 2^53, from 0 up.
  private static func number(_ text: TextSlice) -> Double? {
    var whole: Int64 = 0
    for position in 0..<text.count {
      let digit = text.start[position] &- UInt8(ascii: "0")
      // Whatever has more than digits: slower, and rarely.
      guard digit < 10, position < 16 else { return decimal(text) }
      whole = whole * 10 + Int64(digit)
    }
    return text.count > 0 ? Double(whole) : nil
  }

  private static func decimal(_ text: TextSlice) -> Double? {
    guard text.count <= 40, let first = text.bytes.first, first &- UInt8(ascii: "0") < 10 else { return nil }
    guard let number = Double(text.string), number < 9e18 else { return nil }
    return number
  }

  /// ISO 8601's date, or date and time.
  private static func calendar(_ text: TextSlice) -> Int64? {
    var reader = DigitReader(text)
    guard let year = reader.digits(4), reader.skip("-"), let month = reader.digits(2), reader.skip("-"),
      let day = reader.digits(2), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    let date = days(year, month, day) * 86_400_000_000
    if reader.isAtEnd { return date }
    guard reader.skip("T") || reader.skip(" "), let hour = reader.digits(2), reader.skip(":"),
      let minute = reader.digits(2), hour < 25, minute < 60
    else { return nil }
    var time = (hour * 60 + minute) * 60_000_000
    if reader.skip(":") {
      guard let second = reader.digits(2), second < 61 else { return nil }
      time += second * 1_000_000
      if reader.skip(".") || reader.skip(",") {
        guard let fraction = reader.microseconds() else { return nil }
        time += fraction
      }
    }
    guard let offset = reader.offsetInMinutes(), reader.isAtEnd else { return nil }
    return date + time - offset * 60_000_000
  }

  /// Days since 1970-01-01 in the Gregorian calendar, with years that begin in March, so that leap days end them.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let marchYear = month > 2 ? year : year - 1
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400 + dayOfYear - 719_468
  }
}

/// Reads a text of digits from its beginning.
private struct DigitReader {
  private let text: TextSlice
  private var position = 0

  init(_ text: TextSlice) { self.text = text }

  var isAtEnd: Bool { position == text.count }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard position < text.count, text.start[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func digits(_ count: Int) -> Int64? {
    guard position + count <= text.count else { return nil }
    var number: Int64 = 0
    for _ in 0..<count {
      let digit = text.start[position] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      number = number * 10 + Int64(digit)
      position += 1
    }
    return number
  }

  /// The digits behind a decimal point; those behind the sixth are passed over.
  mutating func microseconds() -> Int64? {
    var number: Int64 = 0, count = 0
    while position < text.count, text.start[position] &- UInt8(ascii: "0") < 10 {
      if count < 6 { number = number * 10 + Int64(text.start[position] - UInt8(ascii: "0")) }
      count += 1
      position += 1
    }
    guard count > 0 else { return nil }
    for _ in min(count, 6)..<6 { number *= 10 }
    return number
  }

  /// `Z`, ` UTC`, `+02:00`, ` -0330`, `+02`, or nothing.
  mutating func offsetInMinutes() -> Int64? {
    _ = skip(" ")
    if isAtEnd || skip("Z") || skip("z") { return 0 }
    if skip("U") { return skip("T") && skip("C") ? 0 : nil }
    let sign: Int64 = skip("+") ? 1 : skip("-") ? -1 : 0
    guard sign != 0, let hours = digits(2) else { return nil }
    if isAtEnd { return sign * hours * 60 }
    _ = skip(":")
    guard let minutes = digits(2) else { return nil }
    return sign * (hours * 60 + minutes)
  }
}
