import OptionTables
import Sessions
import Tensors

/// SR-GNN: a gated graph network over the directed graph of a session's items, then attention over the clicks,
/// asked by the last one.
///
///     aₙ      = [mean over n's predecessors of Iv + bᵢ ; mean over its successors of Ov + bₒ]
///     v      ← gated(Waₙ + b, Uv + c, v)             `step` times; v starts as the looked-up items
///     αⱼ      = q · σ(W₁vₜ + W₂vⱼ)                    over clicks, t the last
///     session = W₃ [Σⱼ αⱼvⱼ ; vₜ]                     I, O, W₁, W₂, W₃ with bias
///
/// Paper: Wu et al., "Session-based Recommendation with Graph Neural Networks", AAAI 2019 (arXiv:1811.00855).
/// Checked against RecBole 1.2.1, which departs from the paper: an edge counts once however often it was taken
/// (the paper divides by its occurrences), incoming edges are averaged over the predecessors and outgoing ones
/// over the successors, and the gates carry biases.
public final class SRGNN: SessionModel {
  public static let name = "SRGNN"
  public static let summary = "a gated graph network over the session's items"
  public static let papers = [
    "Wu et al., Session-based Recommendation with Graph Neural Networks, AAAI 2019 (arXiv:1811.00855)"
  ]
  public static let recipe = ["epochs": "4"]

  /// Sizes, named as in RecBole.
  public struct Options: ModelOptions {
    /// D, the width of the item table and of the nodes.
    public var embeddingSize = 64
    /// How many times the nodes hear from their neighbours.
    public var step = 1

    public init() {}
  }

  /// A linear layer with bias.
  private typealias Layer = (weight: Parameter, bias: Parameter)

  public let parameters: ParameterSet
  private let steps: Int
  private let fromNeighbours: Layer
  private let fromNode: Layer
  private let incomingBias: Parameter
  private let outgoingBias: Parameter
  private let incoming: Layer
  private let outgoing: Layer
  private let lastLayer: Layer
  private let clickLayer: Layer
  private let attention: Parameter
  private let output: Layer

  public init(_ options: Options, items: Int) {
    let width = options.embeddingSize
    steps = options.step
    // RecBole draws every weight alike, biases too.
    let all = Initialiser.uniform(bound: 1 / Double(width).squareRoot())
    var builder = ParameterBuilder()
    _ = builder.itemTable("item_embedding.weight", items: items, width: width, all)
    let gateInput = builder.add("gnn.w_ih", [3 * width, 2 * width], all)
    let gateHidden = builder.add("gnn.w_hh", [3 * width, width], all)
    fromNeighbours = (gateInput, builder.add("gnn.b_ih", [3 * width], all))
    fromNode = (gateHidden, builder.add("gnn.b_hh", [3 * width], all))
    incomingBias = builder.add("gnn.b_iah", [width], all)
    outgoingBias = builder.add("gnn.b_ioh", [width], all)
    func layer(_ name: String, from columns: Int) -> Layer {
      (builder.add(name + ".weight", [width, columns], all), builder.add(name + ".bias", [width], all))
    }
    incoming = layer("gnn.linear_edge_in", from: width)
    outgoing = layer("gnn.linear_edge_out", from: width)
    lastLayer = layer("linear_one", from: width)
    clickLayer = layer("linear_two", from: width)
    attention = builder.add("linear_three.weight", [1, width], all)
    output = layer("linear_transform", from: 2 * width)
    parameters = builder.build()
  }

  /// Once for each time that the nodes hear from their neighbours.
  public var encoderPasses: Int { steps }

  public func encode(_ batch: RaggedBatch, on tape: Tape) -> Variable {
    let graph = SessionGraph(batch)
    func linear(_ x: Variable, _ layer: Layer) -> Variable {
      tape.linear(x, weight: layer.weight, bias: layer.bias)
    }
    var nodes = tape.lookup(parameters.itemTable, rows: graph.items)
    for _ in 0..<steps {
      let heard = tape.concatenate(
        tape.neighbourMean(linear(nodes, incoming), graph.predecessors, bias: incomingBias),
        tape.neighbourMean(linear(nodes, outgoing), graph.successors, bias: outgoingBias))
      nodes = tape.gatedNode(
        fromNeighbours: linear(heard, fromNeighbours), fromNode: linear(nodes, fromNode), before: nodes)
    }
    let clicks = tape.rows(of: nodes, graph.nodeOfClick)
    let last = tape.rows(of: clicks, batch.lastRows)
    let attended = tape.additiveAttention(
      values: clicks, keys: linear(clicks, clickLayer), queries: linear(last, lastLayer), weight: attention,
      over: batch.seenRows)
    return linear(tape.concatenate(attended, last), output)
  }
}

extension SRGNN.Options {
  public static let table = OptionTable<Self>([
    OptionDeclaration("embedding_size", \.embeddingSize, .width, "The width of the item table."),
    OptionDeclaration(
      "step", \.step, .layers,
      "How often a session's items pass messages on in its graph; has nothing to do with --max-steps."),
  ])
}
