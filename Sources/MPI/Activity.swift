import Synchronization

/// What this rank is doing, for the line that says where a job came to a halt.
public enum Activity {
  private static let text = Mutex("the start")

  /// From now on it is this, such as `step 31`.
  public static func begin(_ activity: String) { text.withLock { $0 = activity } }

  static var current: String { text.withLock { $0 } }
}
