import Sessions
import Tensors

/// One layer of a transformer over the clicks of sessions: causal attention, then two dense layers; each has a
/// residual connection and is normalised after it.
///
/// Vaswani et al., arXiv:1706.03762. Checked against RecBole 1.2.1's `TransformerLayer`.
struct TransformerLayer {
  struct Options {
    var width: Int
    var heads: Int
    var innerSize: Int
    var activation: Activation
    var hiddenDropout: Float
    var attentionDropout: Float
    var layerNormEpsilon: Float
  }

  private let options: Options
  private let query, key, value, attentionOutput, attentionNorm: Weights
  private let inner, output, outputNorm: Weights

  /// - Parameter name: what the weights' names begin with, without the last dot.
  init(_ name: String, _ options: Options, _ initialiser: Initialiser, in builder: inout ParameterBuilder) {
    self.options = options
    let width = options.width
    func weights(_ part: String, _ shape: [Int]) -> Weights {
      (
        builder.add("\(name).\(part).weight", shape, initialiser),
        builder.add("\(name).\(part).bias", [shape[0]], initialiser)
      )
    }
    query = weights("multi_head_attention.query", [width, width])
    key = weights("multi_head_attention.key", [width, width])
    value = weights("multi_head_attention.value", [width, width])
    attentionOutput = weights("multi_head_attention.dense", [width, width])
    attentionNorm = weights("multi_head_attention.LayerNorm", [width])
    inner = weights("feed_forward.dense_1", [options.innerSize, width])
    output = weights("feed_forward.dense_2", [width, options.innerSize])
    outputNorm = weights("feed_forward.LayerNorm", [width])
  }

  /// The key's bias adds the same number to all scores of a query, which their softmax takes off again. It is left
  /// out, so that its gradient is exactly zero: the rounding errors that a float32 sum would leave there instead are
  /// what Adam, dividing by their own size, would walk away with.
  /// - Parameters:
  ///   - x: `[clicks, D]`, session after session.
  ///   - lastBias: whether to add the output's bias; without effect where a softmax over clicks follows, as for
  ///     the key's.
  /// - Returns: `[clicks, D]`.
  func encode(_ x: Variable, _ batch: RaggedBatch, on tape: Tape, lastBias: Bool) -> Variable {
    let positions = batch.clickPositions, times = batch.clickTimes
    /// layerNorm(dropout(y) + x)
    func residual(_ y: Variable, _ x: Variable, _ gain: Parameter, _ bias: Parameter?) -> Variable {
      tape.layerNorm(
        tape.dropout(y, rate: options.hiddenDropout, sessions: positions, times: times), plus: x,
        gain: gain, bias: bias, epsilon: options.layerNormEpsilon)
    }
    let mixed = tape.causalAttention(
      queries: tape.linear(x, query), keys: tape.linear(x, weight: key.weight), values: tape.linear(x, value),
      heads: options.heads, offsets: batch.offsets, dropout: options.attentionDropout, sessions: batch.positions)
    let attended = residual(tape.linear(mixed, attentionOutput), x, attentionNorm.weight, attentionNorm.bias)
    let hidden = tape.activation(options.activation, tape.linear(attended, inner))
    return residual(
      tape.linear(hidden, output), attended, outputNorm.weight, lastBias ? outputNorm.bias : nil)
  }
}
