import Sessions
import Tensors

/// A layer over the clicks of sessions in which a click hears from those before it in its session.
protocol ClickLayer {
  /// - Parameters:
  ///   - name: what the weights' names begin with, without the last dot.
  init(_ name: String, _ options: ClickLayerOptions, in builder: inout ParameterBuilder)

  /// - Parameter x: `[clicks, D]`, session after session.
  /// - Returns: `[clicks, D]`.
  func encode(_ x: Variable, _ batch: RaggedBatch, on tape: Tape) -> Variable
}

/// The sizes and rates of a layer.
struct ClickLayerOptions {
  /// D, a multiple of `heads`.
  var width: Int
  var heads: Int
  /// The width between the dense layers; nil for what is usual for the layer.
  var innerSize: Int?
  var hiddenDropout: Float
  /// The share of attention probabilities that training drops.
  var attentionDropout: Float
  /// PyTorch's usual one.
  var layerNormEpsilon: Float = 1e-5
}
