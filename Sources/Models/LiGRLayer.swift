import Sessions
import Tensors

/// A transformer's layer with gated residual connections: how much of what attention and dense layers found is added
/// to a click, the click itself decides, element by element.
///
///     h = x + σ(G₁x) · dropout(attention(norm(x)))
///     y = h + σ(G₂h) · dropout(W₂ · dropout(swish(W₁ norm(h)) · W₃ norm(h)))
///
/// Borisyuk et al., "From Features to Transformers: Redefining Ranking for Scalable Impact", arXiv:2502.03417 (LiGR);
/// the dense layers are SwiGLU, Shazeer, arXiv:2002.05202. Checked against RecTools 0.19's `LiGRLayer`.
struct LiGRLayer: ClickLayer {
  private let options: ClickLayerOptions
  private let attention: CausalSelfAttention
  private let attentionNorm, innerNorm, attentionGate, innerGate: Weights
  private let inner, factor, output: Parameter

  init(_ name: String, _ options: ClickLayerOptions, in builder: inout ParameterBuilder) {
    self.options = options
    let width = options.width, innerSize = options.innerSize ?? 4 * width
    attention = CausalSelfAttention(
      "\(name).multi_head_attn", width: width, heads: options.heads, dropout: options.attentionDropout, in: &builder)
    attentionNorm = builder.layerNorm("\(name).layer_norm_1", width: width)
    innerNorm = builder.layerNorm("\(name).layer_norm_2", width: width)
    inner = builder.add("\(name).feed_forward.ff_linear_1.weight", [innerSize, width], .xavierNormal)
    output = builder.add("\(name).feed_forward.ff_linear_2.weight", [width, innerSize], .xavierNormal)
    factor = builder.add("\(name).feed_forward.ff_linear_3.weight", [innerSize, width], .xavierNormal)
    attentionGate = builder.dense("\(name).gating_linear_1", from: width, to: width)
    innerGate = builder.dense("\(name).gating_linear_2", from: width, to: width)
  }

  func encode(_ x: Variable, _ batch: RaggedBatch, on tape: Tape) -> Variable {
    let sessions = batch.clickPositions, times = batch.clickTimes
    func dropped(_ y: Variable) -> Variable {
      tape.dropout(y, rate: options.hiddenDropout, sessions: sessions, times: times)
    }
    func normalised(_ x: Variable, _ norm: Weights) -> Variable {
      tape.layerNorm(x, gain: norm.weight, bias: norm.bias, epsilon: options.layerNormEpsilon)
    }
    /// x + σ(Gx) · dropout(found)
    func gated(_ x: Variable, _ gate: Weights, _ found: Variable) -> Variable {
      tape.add(x, tape.multiply(tape.activation(.sigmoid, tape.linear(x, gate)), dropped(found)))
    }
    let heard = normalised(x, attentionNorm)
    let attended = gated(x, attentionGate, attention.mix(asking: heard, asked: heard, batch, on: tape))
    let known = normalised(attended, innerNorm)
    let hidden = tape.multiply(
      tape.activation(.swish, tape.linear(known, weight: inner)), tape.linear(known, weight: factor))
    return gated(attended, innerGate, tape.linear(dropped(hidden), weight: output))
  }
}
