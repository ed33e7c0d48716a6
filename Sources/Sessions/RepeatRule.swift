/// What becomes of targets that their session has seen before.
public enum RepeatRule: String, CaseIterable, Sendable {
  /// They are trained on like others.
  case keep
  /// They are left out: where what a session had is never recommended to it, nothing is learnt from them.
  case drop
}
