#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What ranks know of a `caravan run` that started them: it reads what they say, and tells itself how their job ended.
public enum CaravanRun {
  /// The environment variable that it sets: `terminal` where what ranks say ends at a terminal, else `lines`.
  public static let variable = "CARAVAN_RUN"

  /// Whether it started this process.
  public static var isThere: Bool { getenv(variable) != nil }

  static var isOnTerminal: Bool { getenv(variable).map { String(cString: $0) } == "terminal" }
}
