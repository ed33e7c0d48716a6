import Foundation

/// A line on stderr that is written over and over: shown on a terminal only, at most ten times a second.
final class ProgressLine {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var lastShown: ContinuousClock.Instant?

  func show(_ text: @autoclosure () -> String) {
    guard isTerminal else { return }
    let now = ContinuousClock.now
    if let lastShown, now - lastShown < .milliseconds(100) { return }
    lastShown = now
    write("\r\u{1b}[K\(text())")
  }

  func clear() {
    if lastShown != nil { write("\r\u{1b}[K") }
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
