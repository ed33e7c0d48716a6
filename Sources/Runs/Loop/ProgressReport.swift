import Foundation
import Logging
import Text

/// How far training is: a bar that is redrawn in place on a terminal, lines of the log otherwise.
///
/// Goes to standard error, for standard output carries results. Only rank 0 has one.
struct ProgressReport {
  /// How progress is shown.
  enum Style { case bar, lines, none }

  /// Seconds between lines; the first comes after the first step.
  private static let interval = 10.0
  /// Rate and time left are those of about so many of the last seconds: the first steps of a run, or what came before an
  /// evaluation, say little of those to come.
  private static let memory = 30.0

  private let style: Style
  private let lastStep: Int
  private let log: Logger
  private let began = ContinuousClock.now
  private var lastShown = -Double.infinity
  /// Of the last seconds, older ones fading.
  private var seconds = 0.0
  private var steps = 0.0
  private var sessions = 0.0
  private var waited = 0.0

  /// - Parameters:
  ///   - lastStep: the run's last.
  ///   - log: takes the lines.
  init(style: Style, lastStep: Int, log: Logger) {
    self.style = style
    self.lastStep = lastStep
    self.log = log
  }

  /// Takes in a step, and shows it when it is time to.
  /// - Parameters:
  ///   - loss: mean over the batch.
  ///   - of: sessions of the batch; a prefix is a part of one.
  ///   - took: the step's seconds, and those of them that this rank waited for others.
  mutating func didStep(
    _ step: Int, epoch: Int, epochs: Int, loss: Double, of batch: Double, took: Double, waited: Double
  ) {
    let fade = exp(-took / Self.memory)
    seconds = seconds * fade + took
    steps = steps * fade + 1
    sessions = sessions * fade + batch
    self.waited = self.waited * fade + waited
    let elapsed = (ContinuousClock.now - began) / .seconds(1)
    let wait = style == .bar ? 0.1 : Self.interval
    guard style != .none, elapsed - lastShown >= wait || step == lastStep else { return }
    lastShown = elapsed
    let left = seconds / steps * Double(lastStep - step)
    let rate = sessions / seconds, share = self.waited / seconds
    let text =
      "epoch \(epoch)/\(epochs)  step \(step)/\(lastStep)  loss \(loss.formatted(digits: 4))  \(Int(rate)) sessions/s  "
      + (share >= 0.005 ? "waiting \(Int((share * 100).rounded())) %  " : "") + "\(clock(left)) left"
    if style == .bar {
      let filled = lastStep == 0 ? 24 : 24 * step / lastStep
      let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: 24 - filled)
      StandardError.print("\r\u{1B}[2K\(bar)  \(text)")
    } else {
      log.info(
        "\(text)",
        metadata: [
          "step": "\(step)", "steps": "\(lastStep)", "epoch": "\(epoch)", "loss": "\(loss)",
          "sessions_per_second": "\(rate)", "seconds_left": "\(left)", "waiting": "\(share)",
        ])
    }
  }

  /// Clears the bar, so that other lines can be printed.
  mutating func pause() {
    if style == .bar { StandardError.print("\r\u{1B}[2K") }
  }
}
