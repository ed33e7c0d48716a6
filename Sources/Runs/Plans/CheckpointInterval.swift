import OptionTables

/// How often a checkpoint is written inside an epoch, beside those of the epochs' ends: `500`, `10m` or `never`.
public enum CheckpointInterval: Equatable, Sendable {
  /// Every so many steps, counted from the run's first.
  case steps(Int)
  /// Once so many seconds have passed since the last one, by rank 0's clock.
  case seconds(Int)
  case never

  /// nil for what is none of these.
  public init?(_ text: String) {
    if text == "never" {
      self = .never
      return
    }
    let units = ["s": 1, "m": 60, "h": 3600]
    let unit = text.last.flatMap { units[String($0)] }
    guard let number = Int(unit == nil ? text[...] : text.dropLast()), number >= 1 else { return nil }
    guard let unit else {
      self = .steps(number)
      return
    }
    let (seconds, isTooLong) = number.multipliedReportingOverflow(by: unit)
    if isTooLong { return nil }
    self = .seconds(seconds)
  }

  /// As it would be written, in the largest unit that divides it.
  public var text: String {
    switch self {
    case .steps(let steps): "\(steps)"
    case .seconds(let seconds) where seconds % 3600 == 0: "\(seconds / 3600)h"
    case .seconds(let seconds) where seconds % 60 == 0: "\(seconds / 60)m"
    case .seconds(let seconds): "\(seconds)s"
    case .never: "never"
    }
  }

  /// Whether a checkpoint is due after so many steps.
  func isDue(afterStep step: Int) -> Bool {
    if case .steps(let steps) = self { return step % steps == 0 }
    return false
  }

  /// Whether a checkpoint is due when so much time has passed since the last.
  func isDue(after passed: Duration) -> Bool {
    if case .seconds(let seconds) = self { return passed >= .seconds(seconds) }
    return false
  }
}

extension OptionKind<CheckpointInterval> {
  static var checkpointInterval: Self {
    Self("steps such as 500, a time such as 30s, 10m or 2h, or never", valueName: "500|10m|never") {
      CheckpointInterval($0)
    } text: {
      $0.text
    }
  }
}
