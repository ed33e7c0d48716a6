import CKernels
import Foundation
import Tensors

/// How gradients become updates, named as in `torch.optim`.
public struct OptimizerOptions: Equatable, Sendable {
  /// The rules of update.
  public enum Rule: String, CaseIterable, Sendable {
    /// Kingma and Ba, arXiv:1412.6980; weight decay is L2, added to the gradient.
    case adam
    /// Loshchilov and Hutter, arXiv:1711.05101; weight decay shrinks the weights, apart from the gradient.
    case adamw
    /// Duchi, Hazan and Singer, JMLR 2011, with momentum as the authors of GRU4Rec use it.
    case adagrad
  }

  /// Which rule of update it is; the other values do not change with it.
  public var rule = Rule.adam
  /// How much of Adam's mean of gradients is kept at a step.
  public var beta1: Float = 0.9
  /// How much of Adam's mean of squared gradients is kept at a step.
  public var beta2: Float = 0.999
  /// Keeps divisions finite; GRU4Rec's Adagrad has 1e-6.
  public var epsilon: Float = 1e-8
  /// Adagrad's.
  public var momentum: Float = 0
  /// How much of the weights is added to the gradient, or in `adamw`, times the rate, taken off them.
  public var weightDecay: Float = 0

  /// The rule with its usual values, those of PyTorch; Adagrad with the epsilon of GRU4Rec's authors.
  public init(rule: Rule = .adam) {
    self.rule = rule
    if rule == .adagrad { epsilon = 1e-6 }
  }
}

/// What an optimizer remembers of some weights, and its update of them in one fused pass.
///
/// Updates are elementwise: the bits do not depend on which rank does them, nor on how many at a time. Checked
/// against `torch.optim.Adam`.
package final class Optimizer {
  private let options: OptimizerOptions
  private let first: FloatStorage
  private let second: FloatStorage

  /// - Parameter count: how many weights.
  package init(_ options: OptimizerOptions, count: Int) {
    self.options = options
    first = FloatStorage(count: count)
    second = FloatStorage(count: count)
  }

  /// What is remembered, an element a weight, under the names of PyTorch's optimizer state.
  package var state: [(name: String, values: FloatStorage)] {
    switch options.rule {
    case .adam, .adamw: [("exp_avg", first), ("exp_avg_sq", second)]
    case .adagrad: [("sum", first), ("momentum_buffer", second)]
    }
  }

  /// What all weights' updates of a step have in common.
  package struct StepSize {
    let gradientScale: Float
    let rate: Float
    /// Adam's: the rate over the correction of the first moments, the root of that of the second, and what decoupled
    /// decay leaves of a weight.
    let correctedRate: Float
    let rootCorrection: Float
    let kept: Float
  }

  /// - Parameters:
  ///   - step: how many steps of training came before.
  ///   - rate: the learning rate of this step.
  ///   - gradientScale: what the gradient is multiplied with first.
  package func stepSize(step: Int, rate: Double, gradientScale: Float) -> StepSize {
    let correction1 = 1 - pow(Double(options.beta1), Double(step + 1))
    let correction2 = 1 - pow(Double(options.beta2), Double(step + 1))
    return StepSize(
      gradientScale: gradientScale, rate: Float(rate), correctedRate: Float(rate / correction1),
      rootCorrection: Float(correction2.squareRoot()),
      kept: options.rule == .adamw ? Float(1 - rate * Double(options.weightDecay)) : 1)
  }

  /// Updates a run of weights.
  /// - Parameter offset: the run's place among all weights of this optimizer.
  package func update(
    _ weights: UnsafeMutableBufferPointer<Float>, at offset: Int = 0, gradient: UnsafeMutableBufferPointer<Float>,
    _ size: StepSize
  ) {
    precondition(weights.count == gradient.count && offset + weights.count <= first.count)
    guard let weight = weights.baseAddress, let gradient = gradient.baseAddress else { return }
    let count = Int64(weights.count)
    switch options.rule {
    case .adam, .adamw:
      ck_adam(
        count, gradient, size.gradientScale, size.correctedRate, size.rootCorrection, options.beta1, options.beta2,
        options.epsilon, options.rule == .adamw ? 0 : options.weightDecay, size.kept, weight, first.base + offset,
        second.base + offset)
    case .adagrad:
      ck_adagrad(
        count, gradient, size.gradientScale, size.rate, options.momentum, options.epsilon, options.weightDecay,
        weight, first.base + offset, second.base + offset)
    }
  }

  /// Updates single rows of a table.
  /// - Parameters:
  ///   - weights: all rows that this optimizer is for.
  ///   - places: the rows' places among them, rising.
  ///   - gradient: `[places.count, D]`.
  package func update(_ weights: Tensor, rows places: [Int32], gradient: Tensor, _ size: StepSize) {
    // Rows lie far apart: the memory is asked for a few rows ahead.
    let width = weights.columns, ahead = 4
    for (number, place) in places.enumerated() {
      if number + ahead < places.count {
        let next = Int(places[number + ahead]) * width
        ck_prefetch_row(Int64(width), weights.base + next)
        ck_prefetch_row(Int64(width), first.base + next)
        ck_prefetch_row(Int64(width), second.base + next)
      }
      let row = Int(place)
      update(
        weights.rows(row..<row + 1).elements, at: row * width, gradient: gradient.rows(number..<number + 1).elements,
        size)
    }
  }
}
