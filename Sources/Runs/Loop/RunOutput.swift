/// What a run says while it goes on, and how.
public struct RunOutput: Equatable, Sendable {
  /// How lines on standard error, and in `log.txt`, are written.
  public enum Format: String, CaseIterable, Sendable {
    case text
    /// An object a line: `time`, `level`, `message`, and what a line of progress has.
    case json
  }

  /// Warnings alone on standard error. `log.txt` has the rest all the same.
  public var isQuiet = false
  public var format = Format.text
  /// Every how many steps `metrics.jsonl` and TensorBoard get a record.
  public var stepsPerRecord = 50

  public init() {}
}
