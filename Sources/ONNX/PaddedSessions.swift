import Tensors

/// The sessions that a graph is given, padded on the right: `items` `[B, T]`, 0 behind a session's last click, and
/// `lengths` `[B]`. And the few operations that all encoders are written with.
struct PaddedSessions {
  let graph: GraphBuilder
  /// `[B, T]`: rows of the item table.
  let items: GraphValue
  /// `[T]`: 0, 1, 2, …
  let places: GraphValue
  /// `[B, 1]`: how many clicks each session has.
  let ends: GraphValue
  /// `[B, T]`: whether there is a click.
  let isClick: GraphValue
  /// `[B, T, 1]`: 1 for a click, 0 for padding.
  let mask: GraphValue
  /// `[B, T, 1]`: 1 for the last click, 0 elsewhere.
  let lastMask: GraphValue
  /// `[B, T, D]`: the looked-up items.
  let clicks: GraphValue

  init(_ graph: GraphBuilder, itemTable: String) {
    self.graph = graph
    items = graph.input("items", sides: ["sessions", "clicks"])
    let lengths = graph.input("lengths", sides: ["sessions"])
    let sides = graph.node("Shape", [items])
    let longest = graph.node("Gather", [sides, graph.constant([1])])
    places = graph.node("Range", [graph.constant([0]), longest, graph.constant([1])])
    ends = graph.node("Unsqueeze", [lengths, graph.constant([1], shape: [1])])
    isClick = graph.node("Less", [places, ends])
    let isLast = graph.node("Equal", [places, graph.node("Sub", [ends, graph.constant([1])])])
    let last = graph.constant([2], shape: [1])
    func ones(_ condition: GraphValue) -> GraphValue {
      graph.node("Unsqueeze", [graph.float(condition), last])
    }
    mask = ones(isClick)
    lastMask = ones(isLast)
    clicks = graph.node("Gather", [graph.weight(itemTable), items], [("axis", .integer(0))])
  }

  /// `[B]`, as recurrent nodes take it.
  var lengths32: GraphValue {
    graph.node(
      "Cast", [GraphValue(name: "lengths")], [("to", .integer(GraphBuilder.ElementType.int32))])
  }

  /// `[B, T, D]` → `[B, D]`: the last click's.
  func last(_ x: GraphValue) -> GraphValue { graph.sum(graph.node("Mul", [x, lastMask]), axis: 1) }

  /// `[B, T, D]` → `[B, D]`: the mean over the clicks.
  func mean(_ x: GraphValue) -> GraphValue {
    graph.node("Div", [graph.sum(graph.node("Mul", [x, mask]), axis: 1), graph.float(ends)])
  }

  /// Σ (weight · σ(key + query)) value over the clicks: `Tape.additiveAttention`.
  /// - Parameters:
  ///   - values: `[B, T, D]`.
  ///   - keys: `[B, T, H]`.
  ///   - queries: `[B, H]`.
  ///   - weight: the name of `[1, H]`.
  /// - Returns: `[B, D]`.
  func additiveAttention(
    values: GraphValue, keys: GraphValue, queries: GraphValue, weight: String
  ) -> GraphValue {
    let asked = graph.node("Add", [keys, graph.node("Unsqueeze", [queries, graph.constant([1], shape: [1])])])
    let shares = graph.node("MatMul", [graph.node("Sigmoid", [asked]), graph.transposed(weight)])
    return graph.sum(graph.node("Mul", [values, graph.node("Mul", [shares, mask])]), axis: 1)
  }

  /// A recurrent layer without biases, as in PyTorch: gates in the order reset, update, candidate, and the reset applied
  /// to what the candidate's product with the state is.
  /// - Parameter x: `[T, B, inputs]`.
  /// - Returns: all states `[T, B, H]`, and the last of each session `[B, H]`.
  func recurrent(
    _ x: GraphValue, inputWeight: String, hiddenWeight: String
  ) -> (states: GraphValue, last: GraphValue) {
    let hidden = graph.parameter(hiddenWeight).columns
    // The operator's order is update, reset, candidate.
    let found = graph.nodes(
      "GRU",
      [
        x, graph.blocks(of: inputWeight, order: [1, 0, 2]), graph.blocks(of: hiddenWeight, order: [1, 0, 2]),
        GraphValue(name: ""), lengths32,
      ], [("hidden_size", .integer(hidden)), ("linear_before_reset", .integer(1))], outputs: 2)
    return (
      graph.node("Squeeze", [found[0], graph.constant([1], shape: [1])]),
      graph.node("Squeeze", [found[1], graph.constant([0], shape: [1])])
    )
  }

  /// `[B, T, …]` and `[T, B, …]`.
  func exchangeSides(_ x: GraphValue) -> GraphValue {
    graph.node("Transpose", [x], [("perm", .integers([1, 0, 2]))])
  }
}

extension GraphBuilder {
  /// x·Wᵀ, and + b where there is a bias.
  func linear(_ x: GraphValue, _ weight: String, bias: String? = nil) -> GraphValue {
    let product = node("MatMul", [x, transposed(weight)])
    return bias.map { node("Add", [product, self.weight($0)]) } ?? product
  }

  func sum(_ x: GraphValue, axis: Int, keepsAxis: Bool = false) -> GraphValue {
    node("ReduceSum", [x, constant([axis], shape: [1])], [("keepdims", .integer(keepsAxis ? 1 : 0))])
  }

  func float(_ x: GraphValue) -> GraphValue { node("Cast", [x], [("to", .integer(ElementType.float))]) }

  /// Side by side along the last axis.
  func concatenate(_ parts: [GraphValue]) -> GraphValue { node("Concat", parts, [("axis", .integer(-1))]) }

  /// Each row divided by its length, as `Tape.normalised`.
  func normalised(_ x: GraphValue) -> GraphValue {
    let length = node("Sqrt", [sum(node("Mul", [x, x]), axis: -1, keepsAxis: true)])
    return node("Div", [x, node("Max", [length, constant(Float(1e-12))])])
  }

  /// - Parameter name: of the norm, whose weights end in `.weight` and `.bias`.
  func layerNorm(_ x: GraphValue, _ name: String, epsilon: Float, hasBias: Bool = true) -> GraphValue {
    let weights = [weight("\(name).weight")] + (hasBias ? [weight("\(name).bias")] : [])
    return node("LayerNormalization", [x] + weights, [("axis", .integer(-1)), ("epsilon", .number(epsilon))])
  }

  func activation(_ function: Activation, _ x: GraphValue) -> GraphValue {
    switch function {
    case .tanh: return node("Tanh", [x])
    case .sigmoid: return node("Sigmoid", [x])
    case .relu: return node("Relu", [x])
    case .swish: return node("Mul", [x, node("Sigmoid", [x])])
    case .gelu:
      let half = node("Mul", [x, constant(Float(0.5))])
      let share = node("Erf", [node("Mul", [x, constant(Float(0.5).squareRoot())])])
      return node("Mul", [half, node("Add", [share, constant(Float(1))])])
    }
  }
}
