import OptionTables
import Sessions
import Tensors

/// SASRec: causal self-attention over the clicks of a session and their places; the last click's state is the
/// session's vector.
///
///     x       = dropout(looked-up items + positions)
///     x       = layer(x), a few times                `sasrec` or `ligr`
///     session = the last of norm(x)                  after `ligr` layers without a norm
///
/// Paper: Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018 (arXiv:1808.09781). Checked against
/// RecTools 0.19, layers, names of weights and first weights too, so that its `state_dict` and a checkpoint convert
/// into one another. The paper and RecTools train on all positions of a session: that is `--targets all`.
///
/// Positions are counted from a session's end, the last click's being 0 (`inverse`): so RecTools has it, whose
/// sessions are padded on the left. Where training asks about all prefixes of a session in one pass, it does not
/// count anew for each: a prefix's last click then has the number of clicks that follow it. Only prefixes that are
/// sessions of their own, as in `--targets prefixes` and in evaluation, end at 0. Counted from a session's start
/// (`forward`), a click's position is the same everywhere.
///
/// Padding is not attended to: as in RecTools with `use_key_padding_mask=True`. Its default is to attend to it, which
/// makes a session's vector depend on the length that sessions are padded to; a ragged batch has no such length.
public final class SASRec: SessionModel {
  public static let name = "SASRec"
  public static let summary = "a causal transformer over the items of a session and their places"
  public static let papers = [
    "Kang and McAuley, Self-Attentive Sequential Recommendation, ICDM 2018 (arXiv:1808.09781)",
    "Borisyuk et al., From Features to Transformers: Redefining Ranking for Scalable Impact, 2025 (arXiv:2502.03417), "
      + "for its layers ligr",
  ]
  /// Attention is causal, so that a click's state serves all prefixes that see it.
  public static let prefixes = RaggedBatch.PrefixLayout.shared

  /// What the layers are: RecTools' `transformer_layers_type`.
  public enum LayerType: String, Sendable, CaseIterable {
    /// The authors' own.
    case sasrec
    /// Gated residual connections and SwiGLU.
    case ligr

    fileprivate var kind: any ClickLayer.Type {
      switch self {
      case .sasrec: SASRecLayer.self
      case .ligr: LiGRLayer.self
      }
    }
  }

  /// Where the positions of a session's clicks are counted from.
  public enum PositionOrder: String, Sendable, CaseIterable {
    /// From the last click back.
    case inverse
    /// From the first click on.
    case forward
  }

  /// Sizes and rates. The names are RecBole's, RecTools' are understood too.
  public struct Options: ModelOptions {
    /// D, the width of the item table and of the layers.
    public var embeddingSize = 64
    /// Which layers lie on one another.
    public var layerType = LayerType.sasrec
    /// How many there are.
    public var layers = 2
    /// Divides `embeddingSize`.
    public var heads = 4
    /// The width between the dense layers of a layer; nil for D in `sasrec` layers, 4D in `ligr` layers.
    public var innerSize: Int?
    /// The share of elements that training drops: of clicks with their positions, and inside the layers.
    public var hiddenDropout: Float = 0.2
    /// The share of attention probabilities that training drops; nil for `hiddenDropout`.
    public var attentionDropout: Float?
    /// From which end of a session its places are counted.
    public var positions = PositionOrder.inverse
    /// How many clicks a session has at most: one vector is learnt for each place.
    public var maximumLength = 50

    public init() {}

    /// - Throws: `OptionError.badValue`, also where `heads` does not divide `embeddingSize`.
    public func validate() throws(OptionError) {
      try Self.table.check(self)
      if embeddingSize % heads != 0 {
        throw .badValue("--n-heads", value: "\(heads)", allowed: "a divisor of the embedding size \(embeddingSize)")
      }
    }
  }

  public let parameters: ParameterSet
  private let options: Options
  private let positions: Parameter
  private let layers: [any ClickLayer]
  private let lastNorm: Weights?

  public init(_ options: Options, items: Int) {
    self.options = options
    let width = options.embeddingSize
    var builder = ParameterBuilder()
    _ = builder.itemTable(
      "item_model.item_net_blocks.0.ids_emb.weight", items: items, width: width, .xavierNormal)
    positions = builder.add("pos_encoding_layer.pos_emb.weight", [options.maximumLength, width], .xavierNormal)
    let shape = ClickLayerOptions(
      width: width, heads: options.heads, innerSize: options.innerSize, hiddenDropout: options.hiddenDropout,
      attentionDropout: options.attentionDropout ?? options.hiddenDropout)
    var layers: [any ClickLayer] = []
    for layer in 0..<options.layers {
      layers.append(options.layerType.kind.init("transformer_layers.transformer_blocks.\(layer)", shape, in: &builder))
    }
    self.layers = layers
    lastNorm =
      options.layerType == .sasrec ? builder.layerNorm("transformer_layers.last_layernorm", width: width) : nil
    parameters = builder.build()
  }

  /// `maximumLength`: there are no vectors for further places.
  public var longestSession: Int? { options.maximumLength }

  public func encode(_ batch: RaggedBatch, on tape: Tape) -> Variable {
    let places = options.positions == .forward ? batch.clickTimes : batch.clicksAfter
    var states = tape.add(
      tape.lookup(parameters.itemTable, rows: batch.items), tape.embedding(positions, rows: places))
    states = tape.dropout(
      states, rate: options.hiddenDropout, sessions: batch.clickPositions, times: batch.clickTimes)
    for layer in layers { states = layer.encode(states, batch, on: tape) }
    let last = tape.rows(of: states, batch.lastRows)
    guard let lastNorm else { return last }
    return tape.layerNorm(last, gain: lastNorm.weight, bias: lastNorm.bias, epsilon: 1e-8)
  }
}

extension SASRec.Options {
  public static let table = OptionTable<Self>([
    OptionDeclaration(
      "embedding_size", \.embeddingSize, .width, aliases: ["n_factors"], "The width of the item table."),
    OptionDeclaration(
      "layer_type", \.layerType, .choice, "sasrec, its authors' layers, or ligr, gated ones with SwiGLU."),
    OptionDeclaration(
      "n_layers", \.layers, .layers, aliases: ["num_layers", "n_blocks"], "Layers of the transformer."),
    OptionDeclaration("n_heads", \.heads, .wholeNumber(1...1024), "Heads of its attention."),
    OptionDeclaration(
      "inner_size", \.innerSize, OptionKind<Int>.width.orNone(),
      "The width between its dense layers; none: the table's, in ligr layers 4 times that."),
    OptionDeclaration(
      "hidden_dropout", \.hiddenDropout, .rate,
      aliases: ["hidden_dropout_prob", "dropout", "dropout_prob", "dropout_rate"], "Dropout inside the transformer."),
    OptionDeclaration(
      "attn_dropout", \.attentionDropout, OptionKind<Float>.rate.orNone(), aliases: ["attn_dropout_prob"],
      "Dropout of the attention; none: that of --hidden-dropout."),
    OptionDeclaration(
      "positions", \.positions, .choice,
      "inverse, counted from a session's last click, or forward, from its first."),
    OptionDeclaration(
      "max_length", \.maximumLength, .wholeNumber(1...65_536), aliases: ["max_item_list_length", "session_max_len"],
      "How many clicks its transformer can take."),
  ])
}
