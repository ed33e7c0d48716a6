import CKernels
import Foundation
import Tensors

/// Adam's numbers, named as in `torch.optim.Adam`.
public struct AdamOptions: Codable, Equatable, Sendable {
  public var beta1: Float = 0.9
  public var beta2: Float = 0.999
  public var epsilon: Float = 1e-8
  /// L2: added to the gradient, times the weight.
  public var weightDecay: Float = 0

  public init() {}
}

/// Adam's moments of some weights, and its update of them in one fused pass.
///
/// Kingma and Ba, arXiv:1412.6980; checked against `torch.optim.Adam`.
package final class Adam {
  private let options: AdamOptions
  /// Running means of the gradient and of its square, an element a weight.
  package let firstMoment: FloatStorage
  package let secondMoment: FloatStorage

  /// - Parameter count: how many weights.
  package init(_ options: AdamOptions, count: Int) {
    self.options = options
    firstMoment = FloatStorage(count: count)
    secondMoment = FloatStorage(count: count)
  }

  /// - Parameters:
  ///   - step: how many updates the weights have had.
  ///   - rate: the learning rate of this step.
  package func update(
    _ weights: UnsafeMutableBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Float>, step: Int,
    rate: Double
  ) {
    precondition(weights.count == firstMoment.count && gradient.count == firstMoment.count)
    guard let weights = weights.baseAddress, let gradient = gradient.baseAddress else { return }
    let correction1 = 1 - pow(Double(options.beta1), Double(step + 1))
    let correction2 = 1 - pow(Double(options.beta2), Double(step + 1))
    ck_adam(
      Int64(firstMoment.count), gradient, Float(rate / correction1), Float(correction2.squareRoot()),
      options.beta1, options.beta2, options.epsilon, options.weightDecay, weights, firstMoment.base,
      secondMoment.base)
  }
}
