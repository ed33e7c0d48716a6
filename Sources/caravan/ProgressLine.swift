import Text

/// A line on stderr that is written over and over: shown on a terminal only, at most ten times a second.
final class ProgressLine {
  private let isTerminal = StandardError.isTerminal
  private var lastShown: ContinuousClock.Instant?

  func show(_ text: @autoclosure () -> String) {
    guard isTerminal else { return }
    let now = ContinuousClock.now
    if let lastShown, now - lastShown < .milliseconds(100) { return }
    lastShown = now
    StandardError.print("\r\u{1b}[K\(text())")
  }

  func clear() {
    if lastShown != nil { StandardError.print("\r\u{1b}[K") }
  }
}
