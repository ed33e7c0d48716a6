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

    public func validate() throws(ModelError) {
      try requirePositive(embeddingSize, "embedding_size")
      try requirePositive(hiddenSize, "hidden_size")
      try requirePositive(layers, "num_layers")
      try requireRate(dropouts.embedding, "dropout_probs")
      try requireRate(dropouts.session, "dropout_probs")
    }
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
  enum CodingKeys: String, CodingKey {
    case embeddingSize = "embedding_size"
    case hiddenSize = "hidden_size"
    case layers = "num_layers"
    case dropouts = "dropout_probs"
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    embeddingSize = try values.value(.embeddingSize, or: embeddingSize)
    hiddenSize = try values.value(.hiddenSize, or: hiddenSize)
    layers = try values.value(.layers, or: layers)
    dropouts = try values.value(.dropouts, or: dropouts)
  }
}

/// Two rates of dropout; written `0.25,0.5`, and read in that form or as RecBole's list.
public struct DropoutPair: Codable, Equatable, Sendable {
  public var embedding: Float
  public var session: Float

  public init(embedding: Float, session: Float) {
    self.embedding = embedding
    self.session = session
  }

  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    let rates =
      try (try? value.decode([Float].self))
      ?? value.decode(String.self).split(separator: ",").map { Float($0.trimmingPrefix(" ")) ?? .nan }
    guard rates.count == 2, rates.allSatisfy({ !$0.isNaN }) else {
      throw DecodingError.dataCorruptedError(in: value, debugDescription: "two rates such as 0.25,0.5")
    }
    self.init(embedding: rates[0], session: rates[1])
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    try value.encode("\(embedding),\(session)")
  }
}
