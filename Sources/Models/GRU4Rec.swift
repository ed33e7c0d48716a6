import OptionTables
import Sessions
import Tensors

/// GRU4Rec: gated recurrent units over the items of a session, then a dense layer back to the width of the item
/// table.
///
/// Papers: Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016
/// (arXiv:1511.06939); Tan, Xu and Liu, "Improved Recurrent Neural Networks for Session-based
/// Recommendations", DLRS 2016, whose dropout on the item vectors this is.
/// Checked against RecBole 1.2.1, which departs from the paper: it scores against the table that it looks up
/// (the paper has a second one), adds the dense layer, and trains on a session's last item alone.
public final class GRU4Rec: SessionModel {
  public static let name = "GRU4Rec"
  public static let summary = "gated recurrent units over the items of a session"
  public static let papers = [
    "Hidasi et al., Session-based Recommendations with Recurrent Neural Networks, ICLR 2016 "
      + "(arXiv:1511.06939)",
    "Tan, Xu and Liu, Improved Recurrent Neural Networks for Session-based Recommendations, DLRS 2016",
  ]
  public static let recipe = ["lr": "0.01", "dropout": "0.3"]
  /// A recurrent state has seen the clicks up to its own, and no more: one pass serves all prefixes.
  public static let prefixes = RaggedBatch.PrefixLayout.shared

  /// Sizes and rates, named as in RecBole.
  public struct Options: ModelOptions {
    /// D, the width of the item table.
    public var embeddingSize = 64
    /// H, the width of the hidden state.
    public var hiddenSize = 128
    /// How many recurrent layers lie on one another.
    public var layers = 1
    /// The share of the looked-up vectors' elements that training drops.
    public var dropout: Float = 0
    /// The share of every layer's states' elements that training drops, as GRU4Rec's authors have it.
    public var stateDropout: Float = 0

    public init() {}
  }

  public let parameters: ParameterSet
  private let layers: [(input: Parameter, hidden: Parameter)]
  private let denseWeight: Parameter
  private let denseBias: Parameter
  private let dropout: Float
  private let stateDropout: Float

  public init(_ options: Options, items: Int) {
    let width = options.embeddingSize, hidden = options.hiddenSize
    var builder = ParameterBuilder()
    _ = builder.itemTable("item_embedding.weight", items: items, width: width, .xavierNormal)
    layers = (0..<options.layers).map { layer in
      // RecBole gives Xavier's numbers to the first layer alone; the others keep PyTorch's.
      let initialiser: Initialiser = layer == 0 ? .xavierUniform : .uniform(bound: 1 / Double(hidden).squareRoot())
      return (
        builder.add(
          "gru_layers.weight_ih_l\(layer)", [3 * hidden, layer == 0 ? width : hidden], initialiser),
        builder.add("gru_layers.weight_hh_l\(layer)", [3 * hidden, hidden], initialiser)
      )
    }
    let bound = 1 / Double(hidden).squareRoot()
    denseWeight = builder.add("dense.weight", [width, hidden], .uniform(bound: bound))
    denseBias = builder.add("dense.bias", [width], .uniform(bound: bound))
    parameters = builder.build()
    dropout = options.dropout
    stateDropout = options.stateDropout
  }

  public func encode(_ batch: RaggedBatch, on tape: Tape) -> Variable {
    let clicks = TimeMajorOrder(batch)
    var states = tape.lookup(parameters.itemTable, rows: clicks.items)
    states = tape.dropout(states, rate: dropout, sessions: clicks.sessions, times: clicks.times)
    for layer in layers {
      states = tape.gru(
        states, inputWeight: layer.input, hiddenWeight: layer.hidden, alive: clicks.alive)
      states = tape.dropout(states, rate: stateDropout, sessions: clicks.sessions, times: clicks.times)
    }
    let last = tape.rows(of: states, clicks.lastRows)
    return tape.linear(last, weight: denseWeight, bias: denseBias)
  }
}

extension GRU4Rec.Options {
  public static let table = OptionTable<Self>([
    OptionDeclaration("embedding_size", \.embeddingSize, .width, "The width of the item table."),
    OptionDeclaration("hidden_size", \.hiddenSize, .width, "The width of the hidden state."),
    OptionDeclaration(
      "num_layers", \.layers, .layers, aliases: ["n_layers"],
      "Recurrent layers; RecBole counts those of transformers by --n-layers."),
    OptionDeclaration(
      "dropout", \.dropout, .rate, aliases: ["dropout_prob", "dropout_p_embed"], "Dropout of the looked-up items."),
    OptionDeclaration(
      "state_dropout", \.stateDropout, .rate, aliases: ["dropout_p_hidden"], "Dropout of every layer's states."),
  ])
}
