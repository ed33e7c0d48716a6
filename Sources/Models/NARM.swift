import OptionTables
import Sessions
import Tensors

/// NARM: recurrent units over the clicks of a session give a global vector, their last state; attention over
/// all states, asked by the last, gives a local one; a bilinear decoder scores both against the item table.
///
///     h       = GRU(dropout(x))                     x the looked-up items
///     αⱼ      = v · σ(A₁hⱼ + A₂hₜ)
///     session = B · dropout([Σⱼ αⱼhⱼ ; hₜ])
///
/// Paper: Li et al., "Neural Attentive Session-based Recommendation", CIKM 2017 (arXiv:1711.04725).
/// Checked against RecBole 1.2.1. Like the paper it has no softmax over α. It departs from it in that one
/// recurrent network serves both encoders (the paper draws two), without biases, and in training on a session's
/// last item alone.
public final class NARM: SessionModel {
  public static let name = "NARM"
  public static let summary = "a recurrent network with attention over its states"
  public static let papers = [
    "Li et al., Neural Attentive Session-based Recommendation, CIKM 2017 (arXiv:1711.04725)"
  ]
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
    /// The shares of elements that training drops: of the looked-up vectors, and of the global and local vectors
    /// before the decoder.
    public var dropouts = DropoutPair(embedding: 0.25, session: 0.5)

    public init() {}
  }

  public let parameters: ParameterSet
  private let options: Options
  private let layers: [(input: Parameter, hidden: Parameter)]
  private let stateWeight: Parameter
  private let lastWeight: Parameter
  private let attention: Parameter
  private let decoder: Parameter

  public init(_ options: Options, items: Int) {
    self.options = options
    let width = options.embeddingSize, hidden = options.hiddenSize
    var builder = ParameterBuilder()
    _ = builder.itemTable("item_embedding.weight", items: items, width: width, .xavierNormal)
    // RecBole initialises its Linear and Embedding modules; the GRU keeps PyTorch's numbers.
    let recurrent = Initialiser.uniform(bound: 1 / Double(hidden).squareRoot())
    layers = (0..<options.layers).map { layer in
      (
        builder.add("gru.weight_ih_l\(layer)", [3 * hidden, layer == 0 ? width : hidden], recurrent),
        builder.add("gru.weight_hh_l\(layer)", [3 * hidden, hidden], recurrent)
      )
    }
    stateWeight = builder.add("a_1.weight", [hidden, hidden], .xavierNormal)
    lastWeight = builder.add("a_2.weight", [hidden, hidden], .xavierNormal)
    attention = builder.add("v_t.weight", [1, hidden], .xavierNormal)
    decoder = builder.add("b.weight", [width, 2 * hidden], .xavierNormal)
    parameters = builder.build()
  }

  public func encode(_ batch: RaggedBatch, on tape: Tape) -> Variable {
    let clicks = TimeMajorOrder(batch)
    var states = tape.lookup(parameters.itemTable, rows: clicks.items)
    states = tape.dropout(
      states, rate: options.dropouts.embedding, sessions: clicks.sessions, times: clicks.times)
    for layer in layers {
      states = tape.gru(
        states, inputWeight: layer.input, hiddenWeight: layer.hidden, alive: clicks.alive)
    }
    let global = tape.rows(of: states, clicks.lastRows)
    states = tape.rows(of: states, clicks.rows)
    let local = tape.additiveAttention(
      values: states, keys: tape.linear(states, weight: stateWeight),
      queries: tape.linear(global, weight: lastWeight), weight: attention, over: batch.seenRows)
    let both = tape.dropout(
      tape.concatenate(local, global), rate: options.dropouts.session, sessions: batch.queryPositions,
      times: batch.unseenClicks)
    return tape.linear(both, weight: decoder)
  }
}

extension NARM.Options {
  public static let table = OptionTable<Self>([
    OptionDeclaration("embedding_size", \.embeddingSize, .width, "The width of the item table."),
    OptionDeclaration("hidden_size", \.hiddenSize, .width, "The width of the hidden state."),
    OptionDeclaration(
      "num_layers", \.layers, .layers, aliases: ["n_layers"],
      "Recurrent layers; RecBole counts those of transformers by --n-layers."),
    OptionDeclaration(
      "dropout_probs", \.dropouts, .ratePair, "Dropout of the looked-up items, and of the session's two vectors."),
  ])
}

/// Two rates of dropout; written `0.25,0.5`.
public struct DropoutPair: Equatable, Sendable {
  /// The share of the looked-up vectors' elements that is dropped: 0 ..< 1.
  public var embedding: Float
  /// The share of the session's two vectors' elements that is dropped: 0 ..< 1.
  public var session: Float

  /// Both at least 0 and below 1.
  public init(embedding: Float, session: Float) {
    self.embedding = embedding
    self.session = session
  }
}

extension OptionKind<DropoutPair> {
  fileprivate static var ratePair: Self {
    Self("two numbers from 0 up to, not including, 1, such as 0.25,0.5", valueName: "rate,rate") { text in
      let inner = text.hasPrefix("[") && text.hasSuffix("]") ? text.dropFirst().dropLast() : text[...]
      let rates = inner.split(separator: ",", omittingEmptySubsequences: false).map {
        OptionKind<Float>.rate.parse(String($0.filter { $0 != " " }))
      }
      guard rates.count == 2, let embedding = rates[0], let session = rates[1] else { return nil }
      return DropoutPair(embedding: embedding, session: session)
    } text: {
      "\($0.embedding),\($0.session)"
    }
  }
}
