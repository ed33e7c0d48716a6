import OptionTables
import Sessions
import Tensors

/// STAMP: attention over the clicks of a session, asked by the last click and by the mean of all, gives a memory
/// of the session; the product of two small networks over memory and last click is the session's vector.
///
///     m       = mean of x                           x the looked-up items, xₜ the last
///     αⱼ      = w₀ · σ(W₁xⱼ + W₂xₜ + W₃m + bₐ)
///     session = tanh(A(Σⱼ αⱼxⱼ + m)) · tanh(B(xₜ))   A, B linear with bias
///
/// Paper: Liu et al., "STAMP: Short-Term Attention/Memory Priority Model for Session-based Recommendation",
/// KDD 2018. Checked against RecBole 1.2.1, which departs from the paper in adding the mean m to the attended
/// memory and in leaving out the sigmoid over the scores. RecBole's sums run over the padding's vector as well; a
/// ragged batch has none.
public final class STAMP: SessionModel {
  public static let name = "STAMP"
  public static let summary = "attention over the clicks by the last one and their mean"
  public static let papers = [
    "Liu et al., STAMP: Short-Term Attention/Memory Priority Model for Session-based Recommendation, "
      + "KDD 2018"
  ]
  public static let recipe = ["lr": "0.02"]

  /// Sizes, named as in RecBole.
  public struct Options: ModelOptions {
    /// D, the width of the item table and of everything else.
    public var embeddingSize = 64

    public init() {}
  }

  public let parameters: ParameterSet
  private let attentionBias: Parameter
  private let clickWeight: Parameter
  private let lastWeight: Parameter
  private let meanWeight: Parameter
  private let attention: Parameter
  private let memoryCell: (weight: Parameter, bias: Parameter)
  private let lastCell: (weight: Parameter, bias: Parameter)

  public init(_ options: Options, items: Int) {
    let width = options.embeddingSize
    let small = Initialiser.normal(deviation: 0.05)
    var builder = ParameterBuilder()
    _ = builder.itemTable("item_embedding.weight", items: items, width: width, .normal(deviation: 0.002))
    attentionBias = builder.add("b_a", [width], .zeros)
    clickWeight = builder.add("w1.weight", [width, width], small)
    lastWeight = builder.add("w2.weight", [width, width], small)
    meanWeight = builder.add("w3.weight", [width, width], small)
    attention = builder.add("w0.weight", [1, width], small)
    memoryCell = (
      builder.add("mlp_a.weight", [width, width], small), builder.add("mlp_a.bias", [width], .zeros)
    )
    lastCell = (
      builder.add("mlp_b.weight", [width, width], small), builder.add("mlp_b.bias", [width], .zeros)
    )
    parameters = builder.build()
  }

  public func encode(_ batch: RaggedBatch, on tape: Tape) -> Variable {
    let clicks = tape.lookup(parameters.itemTable, rows: batch.items)
    let seen = batch.seenRows
    let last = tape.rows(of: clicks, batch.lastRows)
    let mean = tape.segmentMean(clicks, over: seen)
    let queries = tape.add(
      tape.linear(last, weight: lastWeight, bias: attentionBias), tape.linear(mean, weight: meanWeight))
    let attended = tape.additiveAttention(
      values: clicks, keys: tape.linear(clicks, weight: clickWeight), queries: queries, weight: attention,
      over: seen)
    let memory = tape.linear(tape.add(attended, mean), weight: memoryCell.weight, bias: memoryCell.bias)
    let recent = tape.linear(last, weight: lastCell.weight, bias: lastCell.bias)
    return tape.multiply(tape.activation(.tanh, memory), tape.activation(.tanh, recent))
  }
}

extension STAMP.Options {
  public static let table = OptionTable<Self>([
    OptionDeclaration("embedding_size", \.embeddingSize, .width, "The width of the item table.")
  ])
}
