import Sessions
import Tensors

/// Causal attention over the clicks of sessions, its three input layers in one weight as in PyTorch's
/// `MultiheadAttention`: queries, keys, values.
///
/// The keys' bias adds the same number to all scores of a query, which their softmax takes off again. It is in the
/// weights for the checkpoint's sake and left out here, so that its gradient is exactly zero: see `TransformerLayer`.
struct CausalSelfAttention {
  private let width: Int
  private let heads: Int
  private let dropout: Float
  private let input, output: Weights

  /// - Parameters:
  ///   - name: what the weights' names begin with, without the last dot.
  ///   - width: D, a multiple of `heads`.
  ///   - dropout: the share of attention probabilities that training drops.
  init(_ name: String, width: Int, heads: Int, dropout: Float, in builder: inout ParameterBuilder) {
    precondition(width % heads == 0, "\(heads) heads do not divide the width \(width)")
    (self.width, self.heads, self.dropout) = (width, heads, dropout)
    input = (
      builder.add("\(name).in_proj_weight", [3 * width, width], .xavierNormal),
      builder.add("\(name).in_proj_bias", [3 * width], .zeros)
    )
    output = (
      builder.add("\(name).out_proj.weight", [width, width], .xavierNormal),
      builder.add("\(name).out_proj.bias", [width], .zeros)
    )
  }

  /// - Parameters:
  ///   - asking: what queries are made of, `[clicks, D]`, session after session.
  ///   - asked: what keys and values are made of, likewise.
  /// - Returns: `[clicks, D]`.
  func mix(asking: Variable, asked: Variable, _ batch: RaggedBatch, on tape: Tape) -> Variable {
    let queries = tape.linear(asking, weight: input.weight, bias: input.bias, outputs: 0..<width)
    let keys = tape.linear(asked, weight: input.weight, outputs: width..<2 * width)
    let values = tape.linear(asked, weight: input.weight, bias: input.bias, outputs: 2 * width..<3 * width)
    let mixed = tape.causalAttention(
      queries: queries, keys: keys, values: values, heads: heads, offsets: batch.offsets, dropout: dropout,
      sessions: batch.positions)
    return tape.linear(mixed, output)
  }
}

/// A weight with its bias.
typealias Weights = (weight: Parameter, bias: Parameter)

extension ParameterBuilder {
  /// A dense layer whose weight is Xavier's and whose bias starts as PyTorch's does.
  /// - Parameter name: what the weights' names begin with, without the last dot.
  mutating func dense(_ name: String, from inputs: Int, to outputs: Int) -> Weights {
    (
      add("\(name).weight", [outputs, inputs], .xavierNormal),
      add("\(name).bias", [outputs], .uniform(bound: 1 / Double(inputs).squareRoot()))
    )
  }

  /// A layer norm that starts with gain 1 and bias 0.
  mutating func layerNorm(_ name: String, width: Int) -> Weights {
    (add("\(name).weight", [width], .ones), add("\(name).bias", [width], .zeros))
  }
}

extension Tape {
  /// x·Wᵀ + b.
  func linear(_ x: Variable, _ layer: Weights) -> Variable { linear(x, weight: layer.weight, bias: layer.bias) }
}
