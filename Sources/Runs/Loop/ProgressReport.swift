import Evaluation
import Foundation
import Text

/// How far training is: a bar that is redrawn in place on a terminal, plain lines otherwise.
///
/// Goes to standard error, for standard output carries results. Only rank 0 has one.
struct ProgressReport {
  /// How progress is shown.
  enum Style { case bar, lines, none }

  /// Seconds between plain lines; the first comes after the first step.
  private static let interval = 10.0

  private let style: Style
  private let totalSteps: Int
  private let label: String
  private let began = Date()
  private var sessions = 0.0
  private var steps = 0
  private var lastShown = -Double.infinity

  /// - Parameters:
  ///   - totalSteps: how many steps this process is about to do.
  ///   - label: what a line begins with.
  init(style: Style, totalSteps: Int, label: String = "") {
    self.style = style
    self.label = label
    self.totalSteps = totalSteps
  }

  /// Takes in a step, and shows it when it is time to.
  /// - Parameters:
  ///   - loss: mean over the batch.
  ///   - of: sessions of the batch; a prefix is a part of one.
  mutating func didStep(_ step: Int, epoch: Int, epochs: Int, loss: Double, of batch: Double) {
    steps += 1
    sessions += batch
    let elapsed = Date().timeIntervalSince(began)
    let wait = style == .bar ? 0.1 : Self.interval
    guard style != .none, elapsed - lastShown >= wait || steps == totalSteps else { return }
    lastShown = elapsed
    let left = elapsed / Double(steps) * Double(totalSteps - steps)
    let rate = Int(sessions / elapsed)
    let text =
      "\(label)epoch \(epoch)/\(epochs)  step \(step)  loss \(loss.formatted(digits: 4))  \(rate) sessions/s  "
      + "\(clock(left)) left"
    if style == .bar {
      let filled = totalSteps == 0 ? 24 : 24 * steps / totalSteps
      let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: 24 - filled)
      StandardError.print("\r\u{1B}[2K\(bar)  \(text)")
    } else {
      StandardError.print(text + "\n")
    }
  }

  /// Clears the bar, so that other lines can be printed.
  mutating func pause() {
    if style == .bar { StandardError.print("\r\u{1B}[2K") }
  }
}
