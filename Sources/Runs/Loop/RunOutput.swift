/// What a run says while it goes on, and how.
public struct RunOutput: Equatable, Sendable {
  /// How lines on standard error, and in `log.txt`, are written.
  public enum Format: String, CaseIterable, Sendable {
    case text
    /// An object a line: `time`, `level`, `message`, and what a line of progress has.
    case json
  }

  /// What goes to standard error. `log.txt` has all of it in any case.
  public enum Speech: Sendable {
    case everything, warnings
    /// For other runs beside it.
    case nothing
  }

  /// How much goes to standard error.
  public var says = Speech.everything
  /// How lines are written.
  public var format = Format.text
  /// Every how many steps `metrics.jsonl` and TensorBoard get a record.
  public var stepsPerRecord = 50

  /// Everything, as text.
  public init() {}
}
