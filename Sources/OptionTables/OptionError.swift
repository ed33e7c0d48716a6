import Text

/// What can be wrong with options.
public enum OptionError: Error, Equatable, CustomStringConvertible {
  /// - label: what the user wrote, `--lr` or `lr in run.yaml`.
  case badValue(_ label: String, value: String, allowed: String, nearest: String? = nil)
  /// - owner: what has no such option, such as `STAMP` or `caravan train`.
  case unknown(_ label: String, owner: String, nearest: String?)
  /// The option exists, but for other models.
  case ofOthers(_ label: String, owner: String, others: [String])
  /// What belongs to the command, not to its plan, such as `--out`.
  case ofCommandLine(_ label: String, name: String)
  case missing(_ name: String, allowed: String)
  /// One option under two names, with two values.
  case givenTwice(_ first: String, _ second: String)

  public var description: String {
    switch self {
    case .badValue(let label, let value, let allowed, let nearest):
      "\(printable(label)) is \(value.isEmpty ? "empty" : printable(value)): "
        + (nearest.map { "did you mean \($0)? Choose \(allowed)" } ?? "choose \(allowed)")
    case .unknown(let label, let owner, let nearest):
      "\(owner) has no option \(printable(label)): "
        + (nearest.map { "did you mean \($0)?" } ?? "`caravan help train \(owner)` lists those that there are")
    case .ofCommandLine(let label, let name):
      "\(printable(label)) is no option of a plan: leave it out there, and give \(flag(name)) on the command line"
    case .ofOthers(let label, let owner, let others):
      "\(owner) has no option \(printable(label)), \(listed(others, "and")) \(others.count == 1 ? "has" : "have") it: "
        + "leave it out, or choose another --model"
    case .missing(let name, let allowed):
      "\(flag(name)) is missing: give \(allowed)"
    case .givenTwice(let first, let second):
      "\(printable(first)) and \(printable(second)) are one option: leave out one of them"
    }
  }
}
