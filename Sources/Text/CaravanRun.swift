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

  /// What rank 0 says to it, and it to nobody, once all ranks are there.
  public static let startLine = "caravan: all ranks are there"

  /// Lets it know that all ranks are there: from now on they look after each other.
  public static func tellStart() { if isThere { StandardError.print(startLine + "\n") } }

  static var isOnTerminal: Bool { getenv(variable).map { String(cString: $0) } == "terminal" }
}
