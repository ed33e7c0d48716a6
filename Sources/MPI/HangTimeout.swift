import Synchronization

/// How long a rank waits for another before it ends the job: `--hang-timeout`.
public enum HangTimeout {
  /// Far longer than a rank of a sound job lets the others wait: rank 0 alone reads, checks and writes files.
  public static let standard = Duration.seconds(600)

  private static let seconds = Atomic<Int64>(standard.components.seconds)

  /// - Parameter timeout: whole seconds; nil to wait for ever.
  public static func set(_ timeout: Duration?) {
    seconds.store(timeout?.components.seconds ?? .max, ordering: .relaxed)
  }

  static var current: Duration { .seconds(seconds.load(ordering: .relaxed)) }
}
