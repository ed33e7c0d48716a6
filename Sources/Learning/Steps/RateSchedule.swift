import Foundation

/// The learning rate over the steps of a run: a pure function of the step, so that a resumed run has the same.
public struct RateSchedule: Equatable, Sendable {
  /// How the rate falls once warm-up is over.
  public enum Shape: String, CaseIterable, Sendable {
    case constant
    /// Times `decay` every `decaySteps`, as `torch.optim.lr_scheduler.StepLR`.
    case step
    /// Along half a cosine to 0 at the last step: Loshchilov and Hutter, arXiv:1608.03983, without restarts.
    case cosine
  }

  /// How the rate falls.
  public let shape: Shape
  /// The rate after warm-up.
  public let base: Double
  /// Steps over which the rate rises from base / warmupSteps to base.
  public let warmupSteps: Int
  /// What the rate is multiplied with in `.step`.
  public let decay: Double
  /// After how many steps it is, each time.
  public let decaySteps: Int
  /// The steps of the whole run, for `.cosine`.
  public let totalSteps: Int

  package init(
    shape: Shape, base: Double, warmupSteps: Int, decay: Double, decaySteps: Int, totalSteps: Int
  ) {
    self.shape = shape
    self.base = base
    self.warmupSteps = warmupSteps
    self.decay = decay
    self.decaySteps = decaySteps
    self.totalSteps = totalSteps
  }

  /// The rate of a step, from 0.
  public func rate(at step: Int) -> Double {
    if step < warmupSteps { return base * Double(step + 1) / Double(warmupSteps) }
    switch shape {
    case .constant: return base
    case .step: return base * pow(decay, Double(step / decaySteps))
    case .cosine:
      let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
      return base * 0.5 * (1 + cos(.pi * min(1, progress)))
    }
  }
}
