import Models

extension PaddedSessions {
  /// See `CORE.encode`.
  func encode(_ options: CORE.Options) -> GraphValue {
    if options.encoder == .average { return graph.normalised(mean(clicks)) }
    let positions = graph.node("Gather", [graph.weight("net.position_embedding.weight"), places])
    let epsilon = options.layerNormEpsilon
    var states = graph.layerNorm(graph.node("Add", [clicks, positions]), "net.LayerNorm", epsilon: epsilon)
    for layer in 0..<options.layers {
      let name = "net.trm_encoder.layer.\(layer)"
      func linear(_ x: GraphValue, _ part: String) -> GraphValue {
        graph.linear(x, "\(name).\(part).weight", bias: "\(name).\(part).bias")
      }
      let mixed = causalAttention(
        queries: linear(states, "multi_head_attention.query"), keys: linear(states, "multi_head_attention.key"),
        values: linear(states, "multi_head_attention.value"), heads: options.heads, width: options.embeddingSize)
      let attended = graph.layerNorm(
        graph.node("Add", [linear(mixed, "multi_head_attention.dense"), states]),
        "\(name).multi_head_attention.LayerNorm", epsilon: epsilon)
      let hidden = graph.activation(options.activation, linear(attended, "feed_forward.dense_1"))
      states = graph.layerNorm(
        graph.node("Add", [linear(hidden, "feed_forward.dense_2"), attended]), "\(name).feed_forward.LayerNorm",
        epsilon: epsilon)
    }
    let scores = graph.linear(states, "net.fn.weight", bias: "net.fn.bias")
    // Padding is weighed by exp(-1e9), which is zero.
    let padding = graph.node("Sub", [mask, graph.constant(Float(1))])
    let masked = graph.node("Add", [scores, graph.node("Mul", [padding, graph.constant(Float(1e9))])])
    let shares = graph.node("Softmax", [masked], [("axis", .integer(1))])
    return graph.normalised(graph.sum(graph.node("Mul", [clicks, shares]), axis: 1))
  }

  /// See `SASRec.encode`.
  func encode(_ options: SASRec.Options) -> GraphValue {
    let table = graph.weight("pos_encoding_layer.pos_emb.weight")
    var states: GraphValue
    switch options.positions {
    case .forward: states = graph.node("Add", [clicks, graph.node("Gather", [table, places])])
    case .inverse:
      // Counted from the last click; padding behind it has the last one's, which nothing sees.
      let behind = graph.node("Sub", [graph.node("Sub", [ends, graph.constant([1])]), places])
      let counted = graph.node("Max", [behind, graph.constant([0])])
      states = graph.node("Add", [clicks, graph.node("Gather", [table, counted])])
    }
    for layer in 0..<options.layers {
      let name = "transformer_layers.transformer_blocks.\(layer)"
      states = options.layerType == .sasrec ? sasrec(states, name, options) : ligr(states, name, options)
    }
    let last = last(states)
    return options.layerType == .sasrec
      ? graph.layerNorm(last, "transformer_layers.last_layernorm", epsilon: 1e-8) : last
  }

  /// See `SASRecLayer`.
  private func sasrec(_ x: GraphValue, _ name: String, _ options: SASRec.Options) -> GraphValue {
    let asking = graph.layerNorm(x, "\(name).q_layer_norm", epsilon: 1e-5)
    let mixed = selfAttention(asking: asking, asked: x, name, options)
    let attended = graph.layerNorm(
      graph.node("Add", [asking, mixed]), "\(name).ff_layer_norm", epsilon: 1e-5)
    let inner = "\(name).feed_forward.ff_linear_1", output = "\(name).feed_forward.ff_linear_2"
    let hidden = graph.node("Relu", [graph.linear(attended, "\(inner).weight", bias: "\(inner).bias")])
    return graph.node("Add", [graph.linear(hidden, "\(output).weight", bias: "\(output).bias"), attended])
  }

  /// See `LiGRLayer`.
  private func ligr(_ x: GraphValue, _ name: String, _ options: SASRec.Options) -> GraphValue {
    func gated(_ x: GraphValue, _ gate: String, _ found: GraphValue) -> GraphValue {
      let share = graph.node("Sigmoid", [graph.linear(x, "\(name).\(gate).weight", bias: "\(name).\(gate).bias")])
      return graph.node("Add", [x, graph.node("Mul", [share, found])])
    }
    func dense(_ x: GraphValue, _ number: Int) -> GraphValue {
      graph.linear(x, "\(name).feed_forward.ff_linear_\(number).weight")
    }
    let heard = graph.layerNorm(x, "\(name).layer_norm_1", epsilon: 1e-5)
    let attended = gated(x, "gating_linear_1", selfAttention(asking: heard, asked: heard, name, options))
    let known = graph.layerNorm(attended, "\(name).layer_norm_2", epsilon: 1e-5)
    let hidden = graph.node("Mul", [graph.activation(.swish, dense(known, 1)), dense(known, 3)])
    return gated(attended, "gating_linear_2", dense(hidden, 2))
  }

  /// See `CausalSelfAttention`.
  private func selfAttention(
    asking: GraphValue, asked: GraphValue, _ name: String, _ options: SASRec.Options
  ) -> GraphValue {
    let width = options.embeddingSize
    func input(_ x: GraphValue, _ block: Int, hasBias: Bool) -> GraphValue {
      let rows = block * width..<(block + 1) * width
      let weight = graph.transposed("\(name).multi_head_attn.in_proj_weight", rows: rows)
      let product = graph.node("MatMul", [x, weight])
      if !hasBias { return product }
      return graph.node("Add", [product, graph.part(of: "\(name).multi_head_attn.in_proj_bias", rows)])
    }
    let mixed = causalAttention(
      queries: input(asking, 0, hasBias: true), keys: input(asked, 1, hasBias: false),
      values: input(asked, 2, hasBias: true), heads: options.heads, width: width)
    return graph.linear(
      mixed, "\(name).multi_head_attn.out_proj.weight", bias: "\(name).multi_head_attn.out_proj.bias")
  }

  /// Every click attends to itself and to those before it. What padding attends to, nothing sees.
  /// - Parameters:
  ///   - queries: `[B, T, D]`, like keys and values.
  ///   - width: D.
  /// - Returns: `[B, T, D]`.
  private func causalAttention(
    queries: GraphValue, keys: GraphValue, values: GraphValue, heads: Int, width: Int
  ) -> GraphValue {
    let shape = graph.constant([0, 0, heads, width / heads], shape: [4])
    func byHead(_ x: GraphValue, _ order: [Int]) -> GraphValue {
      graph.node("Transpose", [graph.node("Reshape", [x, shape])], [("perm", .integers(order))])
    }
    let products = graph.node("MatMul", [byHead(queries, [0, 2, 1, 3]), byHead(keys, [0, 2, 3, 1])])
    let scaled = graph.node("Div", [products, graph.constant((Float(width) / Float(heads)).squareRoot())])
    let isSeen = graph.node(
      "LessOrEqual", [places, graph.node("Unsqueeze", [places, graph.constant([1], shape: [1])])])
    let visible = graph.node("Where", [isSeen, scaled, graph.constant(Float(-1e9))])
    let shares = graph.node("Softmax", [visible], [("axis", .integer(-1))])
    let mixed = graph.node(
      "Transpose", [graph.node("MatMul", [shares, byHead(values, [0, 2, 1, 3])])],
      [("perm", .integers([0, 2, 1, 3]))])
    return graph.node("Reshape", [mixed, graph.constant([0, 0, width], shape: [3])])
  }
}
