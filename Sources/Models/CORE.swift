import OptionTables
import Sessions
import Tensors

/// CORE: a session's vector is a weighted mean of its items' vectors, so that sessions and items share one space,
/// and scores are cosines over a temperature.
///
///     x       = dropout(looked-up items)
///     αⱼ      = 1 / clicks                                      `ave`
///     α       = softmax over the clicks of f · encoder(x) + b   `trm`: a causal transformer over x + positions
///     session = Σⱼ αⱼxⱼ, scaled to length 1
///     score   = session · dropout(item), scaled to length 1, / temperature
///
/// Paper: Hou et al., "CORE: Simple and Effective Session-based Recommendation within Consistent Representation
/// Space", SIGIR 2022 (arXiv:2204.11067). Checked against RecBole 1.2.1, whose authors are the paper's. Its last
/// act is to draw every weight from ±1/√D, layer norms and biases too: `initializer_range` has no effect.
/// RecBole's softmax weighs padding by exp(-9·10¹⁵) and its attention by exp(-10⁴): zero in float32, as here.
/// Three biases (the keys', the last layer norm's, f's b) cancel in a softmax: they are kept for the checkpoint's
/// sake, with a gradient of exactly zero.
public final class CORE: SessionModel {
  public static let name = "CORE"
  public static let summary = "a weighted mean of the items' own vectors, scored by cosine"
  public static let papers = [
    "Hou et al., CORE: Simple and Effective Session-based Recommendation within Consistent "
      + "Representation Space, SIGIR 2022 (arXiv:2204.11067)"
  ]
  public static let recipe = ["hidden_dropout": "0.2", "attn_dropout": "0.2"]
  /// The transformer is causal, so that a click's score is the same for all prefixes that see it.
  public static let prefixes = RaggedBatch.PrefixLayout.shared

  /// What weighs the items of a session: `dnn_type`.
  public enum Encoder: String, Sendable, CaseIterable {
    /// All alike.
    case average = "ave"
    /// A transformer.
    case transformer = "trm"
  }

  /// Sizes and rates, named as in RecBole.
  public struct Options: ModelOptions {
    /// What weighs a session's items.
    public var encoder = Encoder.transformer
    /// D, the width of the item table and of the encoder.
    public var embeddingSize = 64
    /// The share of the looked-up vectors' elements that training drops.
    public var sessionDropout: Float = 0.2
    /// The share of the candidates' elements that training drops.
    public var itemDropout: Float = 0.2
    /// What the cosines are divided by; above 0.
    public var temperature: Float = 0.07
    /// How many clicks a session has at most: one vector is learnt for each place. Of the transformer, as what
    /// follows.
    public var maximumLength = 50
    /// How many transformer layers lie on one another.
    public var layers = 2
    /// Divides `embeddingSize`.
    public var heads = 2
    /// The width between the two dense layers.
    public var innerSize = 256
    /// The share of elements that training drops of what the layers compute.
    public var hiddenDropout: Float = 0.5
    /// The share of attention probabilities that training drops.
    public var attentionDropout: Float = 0.5
    /// What stands between the two dense layers of a layer.
    public var activation = Activation.gelu
    /// Added to the variance that a layer norm divides by the root of.
    public var layerNormEpsilon: Float = 1e-12

    public init() {}

    /// - Throws: `OptionError.badValue`, also where `heads` does not divide a transformer's `embeddingSize`.
    public func validate() throws(OptionError) {
      try Self.table.check(self)
      if encoder == .transformer && embeddingSize % heads != 0 {
        throw .badValue("--n-heads", value: "\(heads)", allowed: "a divisor of the embedding size \(embeddingSize)")
      }
    }
  }

  public let parameters: ParameterSet
  /// Cosines over the temperature.
  public let scoring: CatalogueScoring
  private let options: Options
  private let transformer: Transformer?

  public init(_ options: Options, items: Int) {
    self.options = options
    let all = Initialiser.uniform(bound: 1 / Double(options.embeddingSize).squareRoot())
    var builder = ParameterBuilder()
    _ = builder.itemTable("item_embedding.weight", items: items, width: options.embeddingSize, all)
    transformer = options.encoder == .transformer ? Transformer(options, all, in: &builder) : nil
    parameters = builder.build()
    scoring = .cosine(temperature: options.temperature, itemDropout: options.itemDropout)
  }

  /// The transformer's `maximumLength`; nil for the mean, which takes any number.
  public var longestSession: Int? { options.encoder == .transformer ? options.maximumLength : nil }

  public func encode(_ batch: RaggedBatch, on tape: Tape) -> Variable {
    var clicks = tape.lookup(parameters.itemTable, rows: batch.items)
    clicks = tape.dropout(
      clicks, rate: options.sessionDropout, sessions: batch.clickPositions, times: batch.clickTimes)
    guard let transformer else {
      return tape.normalised(tape.segmentMean(clicks, over: batch.seenRows))
    }
    let scores = transformer.scores(clicks, batch, on: tape)
    return tape.normalised(tape.softmaxPooling(values: clicks, scores: scores, over: batch.seenRows))
  }

  /// RecBole's `TransNet`: a number for each click.
  private struct Transformer {
    private let positions: Parameter
    private let layers: [TransformerLayer]
    private let norm: (gain: Parameter, bias: Parameter)
    private let score: (weight: Parameter, bias: Parameter)
    private let hiddenDropout: Float
    private let epsilon: Float

    init(_ options: Options, _ initialiser: Initialiser, in builder: inout ParameterBuilder) {
      let width = options.embeddingSize
      precondition(width % options.heads == 0, "\(options.heads) heads do not divide the width \(width)")
      positions = builder.add("net.position_embedding.weight", [options.maximumLength, width], initialiser)
      let shape = TransformerLayer.Options(
        width: width, heads: options.heads, innerSize: options.innerSize, activation: options.activation,
        hiddenDropout: options.hiddenDropout, attentionDropout: options.attentionDropout,
        layerNormEpsilon: options.layerNormEpsilon)
      var layers: [TransformerLayer] = []
      for layer in 0..<options.layers {
        layers.append(TransformerLayer("net.trm_encoder.layer.\(layer)", shape, initialiser, in: &builder))
      }
      self.layers = layers
      norm = (
        builder.add("net.LayerNorm.weight", [width], initialiser),
        builder.add("net.LayerNorm.bias", [width], initialiser)
      )
      score = (
        builder.add("net.fn.weight", [1, width], initialiser), builder.add("net.fn.bias", [1], initialiser)
      )
      hiddenDropout = options.hiddenDropout
      epsilon = options.layerNormEpsilon
    }

    /// - Parameter clicks: `[clicks, D]`.
    /// - Returns: `[clicks, 1]`.
    func scores(_ clicks: Variable, _ batch: RaggedBatch, on tape: Tape) -> Variable {
      let times = batch.clickTimes
      var states = tape.layerNorm(
        clicks, plus: tape.embedding(positions, rows: times), gain: norm.gain, bias: norm.bias, epsilon: epsilon)
      states = tape.dropout(states, rate: hiddenDropout, sessions: batch.clickPositions, times: times)
      for (number, layer) in layers.enumerated() {
        states = layer.encode(states, batch, on: tape, lastBias: number < layers.count - 1)
      }
      // A bias, here or in the last layer's output, would shift all scores alike: the softmax takes it off again.
      return tape.linear(states, weight: score.weight)
    }
  }
}

extension CORE.Options {
  public static let table = OptionTable<Self>([
    OptionDeclaration("dnn_type", \.encoder, .choice, "trm, a transformer, or ave, the mean."),
    OptionDeclaration("embedding_size", \.embeddingSize, .width, "The width of the item table."),
    OptionDeclaration("sess_dropout", \.sessionDropout, .rate, "Dropout of the looked-up items."),
    OptionDeclaration("item_dropout", \.itemDropout, .rate, "Dropout of the scored items."),
    OptionDeclaration(
      "temperature", \.temperature, .number("a number above 0, up to 1000") { $0 > 0 && $0 <= 1000 },
      "What cosines are divided by."),
    OptionDeclaration(
      "max_length", \.maximumLength, .wholeNumber(1...65_536), aliases: ["max_item_list_length"],
      "How many clicks its transformer can take."),
    OptionDeclaration("n_layers", \.layers, .layers, aliases: ["num_layers"], "Layers of the transformer."),
    OptionDeclaration("n_heads", \.heads, .wholeNumber(1...1024), "Heads of its attention."),
    OptionDeclaration("inner_size", \.innerSize, .width, "The width between its dense layers."),
    OptionDeclaration(
      "hidden_dropout", \.hiddenDropout, .rate, aliases: ["hidden_dropout_prob"], "Dropout inside the transformer."),
    OptionDeclaration(
      "attn_dropout", \.attentionDropout, .rate, aliases: ["attn_dropout_prob"], "Dropout of the attention."),
    OptionDeclaration("hidden_act", \.activation, .choice, "The function between its dense layers."),
    OptionDeclaration(
      "layer_norm_eps", \.layerNormEpsilon, .positive, "What keeps its layer norms from dividing by 0."),
  ])
}
