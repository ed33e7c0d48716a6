import Foundation
import Learning
import Testing

/// Each rule against its formula in Float64, over several steps and a count that fills no vector.
@Suite struct OptimizerTests {
  private static let start: [Float] = (0..<37).map { Float($0 % 7) * 0.1 - 0.3 }

  private func gradient(_ step: Int) -> [Float] {
    (0..<37).map { Float(($0 * 13 + step * 29) % 17) * 0.05 - 0.4 }
  }

  /// The weights after five steps whose gradients are halved, in Float32 as the library has them.
  private func run(_ options: OptimizerOptions) -> [Float] {
    let optimizer = Optimizer(options, count: 37)
    var weights = Self.start
    for step in 0..<5 {
      var gradient = gradient(step)
      weights.withUnsafeMutableBufferPointer { weights in
        gradient.withUnsafeMutableBufferPointer { gradient in
          optimizer.update(
            weights, gradient: gradient, optimizer.stepSize(step: step, rate: 0.1, gradientScale: 0.5))
        }
      }
    }
    return weights
  }

  private func expectClose(_ found: [Float], _ expected: [Double]) {
    // Five float32 updates of size 0.1 on weights below 1.
    for (found, expected) in zip(found, expected) { #expect(abs(Double(found) - expected) < 2e-6) }
  }

  @Test(arguments: [OptimizerOptions.Rule.adam, .adamw]) func adam(rule: OptimizerOptions.Rule) {
    var options = OptimizerOptions(rule: rule)
    options.weightDecay = 0.3
    let expected = Self.start.indices.map { place in
      var weight = Double(Self.start[place]), mean = 0.0, square = 0.0
      for step in 0..<5 {
        var slope = Double(gradient(step)[place]) * 0.5
        if rule == .adam { slope += 0.3 * weight } else { weight *= 1 - 0.1 * 0.3 }
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope * slope
        let corrected = (square / (1 - pow(0.999, Double(step + 1)))).squareRoot()
        weight -= 0.1 * mean / (1 - pow(0.9, Double(step + 1))) / (corrected + 1e-8)
      }
      return weight
    }
    expectClose(run(options), expected)
  }

  @Test func adagradWithMomentum() {
    var options = OptimizerOptions(rule: .adagrad)
    options.momentum = 0.4
    options.weightDecay = 0.2
    let expected = Self.start.indices.map { place in
      var weight = Double(Self.start[place]), sum = 0.0, velocity = 0.0
      for step in 0..<5 {
        let slope = Double(gradient(step)[place]) * 0.5 + 0.2 * weight
        sum += slope * slope
        velocity = 0.4 * velocity - 0.1 * slope / (sum + 1e-6).squareRoot()
        weight += velocity
      }
      return weight
    }
    expectClose(run(options), expected)
  }

  /// A run of weights updated in two parts has the bits of one updated at once.
  @Test func partsAreUpdatedAsTheWholeIs() {
    let whole = run(OptimizerOptions())
    let optimizer = Optimizer(OptimizerOptions(), count: 37)
    var weights = Self.start
    for step in 0..<5 {
      var gradient = gradient(step)
      for part in [0..<11, 11..<37] {
        weights.withUnsafeMutableBufferPointer { weights in
          gradient.withUnsafeMutableBufferPointer { gradient in
            optimizer.update(
              UnsafeMutableBufferPointer(rebasing: weights[part]), at: part.lowerBound,
              gradient: UnsafeMutableBufferPointer(rebasing: gradient[part]),
              optimizer.stepSize(step: step, rate: 0.1, gradientScale: 0.5))
          }
        }
      }
    }
    #expect(weights == whole)
  }
}
