import Models

extension PaddedSessions {
  /// See `STAMP.encode`.
  func encode(_ options: STAMP.Options) -> GraphValue {
    let recent = last(clicks), mean = mean(clicks)
    let queries = graph.node(
      "Add", [graph.linear(recent, "w2.weight", bias: "b_a"), graph.linear(mean, "w3.weight")])
    let attended = additiveAttention(
      values: clicks, keys: graph.linear(clicks, "w1.weight"), queries: queries, weight: "w0.weight")
    let memory = graph.linear(graph.node("Add", [attended, mean]), "mlp_a.weight", bias: "mlp_a.bias")
    let moment = graph.linear(recent, "mlp_b.weight", bias: "mlp_b.bias")
    return graph.node("Mul", [graph.node("Tanh", [memory]), graph.node("Tanh", [moment])])
  }

  /// See `SRGNN.encode`. The nodes of a session's graph are its clicks here: clicks on one item have one state, and only
  /// the first of them is anyone's neighbour.
  func encode(_ options: SRGNN.Options) -> GraphValue {
    let (predecessors, successors) = neighbours()
    var states = clicks
    for _ in 0..<options.step {
      func heard(_ layer: String, _ shares: GraphValue, bias: String) -> GraphValue {
        let said = graph.linear(states, "\(layer).weight", bias: "\(layer).bias")
        return graph.node("Add", [graph.node("MatMul", [shares, said]), graph.weight(bias)])
      }
      let both = graph.concatenate([
        heard("gnn.linear_edge_in", predecessors, bias: "gnn.b_iah"),
        heard("gnn.linear_edge_out", successors, bias: "gnn.b_ioh"),
      ])
      states = gated(
        graph.linear(both, "gnn.w_ih", bias: "gnn.b_ih"), graph.linear(states, "gnn.w_hh", bias: "gnn.b_hh"),
        before: states, width: options.embeddingSize)
    }
    let recent = last(states)
    let attended = additiveAttention(
      values: states, keys: graph.linear(states, "linear_two.weight", bias: "linear_two.bias"),
      queries: graph.linear(recent, "linear_one.weight", bias: "linear_one.bias"), weight: "linear_three.weight")
    return graph.linear(
      graph.concatenate([attended, recent]), "linear_transform.weight", bias: "linear_transform.bias")
  }

  /// What each click hears of each: shares of its item's predecessors, and of its successors, `[B, T, T]`.
  private func neighbours() -> (predecessors: GraphValue, successors: GraphValue) {
    func product(_ a: GraphValue, _ b: GraphValue) -> GraphValue { graph.node("MatMul", [a, b]) }
    func transposed(_ x: GraphValue) -> GraphValue { graph.node("Transpose", [x], [("perm", .integers([0, 2, 1]))]) }
    func isPositive(_ x: GraphValue) -> GraphValue {
      graph.float(graph.node("Greater", [x, graph.constant(Float(0.5))]))
    }
    let first = graph.constant([1], shape: [1]), second = graph.constant([2], shape: [1])
    // Which clicks are on one item.
    let alike = graph.node(
      "Equal", [graph.node("Unsqueeze", [items, second]), graph.node("Unsqueeze", [items, first])])
    let same = graph.node("Mul", [graph.node("Mul", [graph.float(alike), mask]), transposed(mask)])
    // Which click is the next one, and which come before.
    let rows = graph.node("Unsqueeze", [places, first])
    let next = graph.float(
      graph.node("Equal", [places, graph.node("Add", [rows, graph.constant([1])])]))
    let before = graph.float(graph.node("Less", [places, rows]))
    // 1 for the first click on its item.
    let earlier = graph.sum(graph.node("Mul", [same, before]), axis: 2, keepsAxis: true)
    let isFirst = graph.node("Mul", [mask, graph.node("Sub", [graph.constant(Float(1)), isPositive(earlier)])])
    // An edge from item to item, once however often it was taken.
    let edges = isPositive(product(product(same, next), same))
    func shares(_ heard: GraphValue) -> GraphValue {
      let counted = graph.node("Mul", [heard, transposed(isFirst)])
      let count = graph.sum(counted, axis: 2, keepsAxis: true)
      return graph.node("Div", [counted, graph.node("Max", [count, graph.constant(Float(1))])])
    }
    return (shares(transposed(edges)), shares(edges))
  }

  /// See `Tape.gatedNode`.
  private func gated(
    _ fromNeighbours: GraphValue, _ fromNode: GraphValue, before: GraphValue, width: Int
  ) -> GraphValue {
    let sizes = graph.constant([width, width, width], shape: [3])
    func blocks(_ x: GraphValue) -> [GraphValue] {
      graph.nodes("Split", [x, sizes], [("axis", .integer(-1))], outputs: 3)
    }
    let heard = blocks(fromNeighbours), own = blocks(fromNode)
    let reset = graph.node("Sigmoid", [graph.node("Add", [heard[0], own[0]])])
    let input = graph.node("Sigmoid", [graph.node("Add", [heard[1], own[1]])])
    let candidate = graph.node("Tanh", [graph.node("Add", [heard[2], graph.node("Mul", [reset, own[2]])])])
    let change = graph.node("Mul", [input, graph.node("Sub", [candidate, before])])
    return graph.node("Add", [before, change])
  }
}
