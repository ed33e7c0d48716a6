import Sessions
import Tensors

/// One layer of SASRec as its authors have it: attention is asked by normalised clicks about the clicks as they are,
/// and both residual connections go on from what was normalised.
///
///     q = norm(x),  h = norm(q + attention(q, x)),  y = h + dropout(W₂ · dropout(relu(W₁h)))
///
/// Kang and McAuley, arXiv:1808.09781. Checked against RecTools 0.19's `SASRecTransformerLayer`.
struct SASRecLayer: ClickLayer {
  private let options: ClickLayerOptions
  private let attention: CausalSelfAttention
  private let queryNorm, innerNorm, inner, output: Weights

  init(_ name: String, _ options: ClickLayerOptions, in builder: inout ParameterBuilder) {
    self.options = options
    let width = options.width, innerSize = options.innerSize ?? width
    attention = CausalSelfAttention(
      "\(name).multi_head_attn", width: width, heads: options.heads, dropout: options.attentionDropout, in: &builder)
    queryNorm = builder.layerNorm("\(name).q_layer_norm", width: width)
    innerNorm = builder.layerNorm("\(name).ff_layer_norm", width: width)
    inner = builder.dense("\(name).feed_forward.ff_linear_1", from: width, to: innerSize)
    output = builder.dense("\(name).feed_forward.ff_linear_2", from: innerSize, to: width)
  }

  func encode(_ x: Variable, _ batch: RaggedBatch, on tape: Tape) -> Variable {
    let sessions = batch.clickPositions, times = batch.clickTimes
    func dropped(_ y: Variable) -> Variable {
      tape.dropout(y, rate: options.hiddenDropout, sessions: sessions, times: times)
    }
    let asking = tape.layerNorm(x, gain: queryNorm.weight, bias: queryNorm.bias, epsilon: options.layerNormEpsilon)
    let mixed = attention.mix(asking: asking, asked: x, batch, on: tape)
    let attended = tape.layerNorm(
      asking, plus: mixed, gain: innerNorm.weight, bias: innerNorm.bias, epsilon: options.layerNormEpsilon)
    let hidden = dropped(tape.activation(.relu, tape.linear(attended, inner)))
    return tape.add(dropped(tape.linear(hidden, output)), attended)
  }
}
