#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Standard error, the one way to it: a line that cannot be written is lost and ends nothing.
///
/// Whoever reads it may have gone away, and its disk may be full; neither is a reason to lose hours of training.
public enum StandardError {
  /// Writes text as it is, in one call where the system takes it whole, so that lines of several ranks do not mix.
  public static func print(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if written > 0 {
        rest = rest.dropFirst(written)
      } else if written == 0 || errno != EINTR {
        return
      }
    }
  }

  /// Whether it is a terminal, or ends at one.
  public static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 || CaravanRun.isOnTerminal }
}

/// The three streams that every process is given.
public enum StandardStreams {
  /// Opens those that are closed to nothing, for the first file that is opened would else take their place and get
  /// what is printed. Call it before any file is opened. From then on nobody who stops reading ends the process.
  public static func secure() {
    signal(SIGPIPE, SIG_IGN)
    // The system gives the lowest number that is free.
    while true {
      let descriptor = open("/dev/null", O_RDWR)
      if descriptor < 0 { return }
      if descriptor > STDERR_FILENO {
        close(descriptor)
        return
      }
    }
  }
}
