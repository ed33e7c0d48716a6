/// Which items of a session are targets of training.
public enum TargetRule: String, CaseIterable, Sendable {
  /// The one that follows the session, as RecBole has it.
  case last
  /// Every item from the second on, each to be found from the clicks before it.
  case all
  /// The same, but every prefix is a row of its own in the epoch's order: a batch has prefixes of many sessions, and a
  /// session comes up in many steps.
  case prefixes
}
