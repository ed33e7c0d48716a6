/// Which items of a session are targets of training.
public enum TargetRule: String, CaseIterable, Sendable {
  /// The one that follows the session, as RecBole has it.
  case last
  /// Every item from the second on, each to be found from the clicks before it.
  case all
}
