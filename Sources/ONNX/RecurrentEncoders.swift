import Models

extension PaddedSessions {
  /// See `GRU4Rec.encode`.
  func encode(_ options: GRU4Rec.Options) -> GraphValue {
    var states = exchangeSides(clicks), last = states
    for layer in 0..<options.layers {
      (states, last) = recurrent(
        states, inputWeight: "gru_layers.weight_ih_l\(layer)", hiddenWeight: "gru_layers.weight_hh_l\(layer)")
    }
    return graph.linear(last, "dense.weight", bias: "dense.bias")
  }

  /// See `NARM.encode`.
  func encode(_ options: NARM.Options) -> GraphValue {
    var states = exchangeSides(clicks), last = states
    for layer in 0..<options.layers {
      (states, last) = recurrent(
        states, inputWeight: "gru.weight_ih_l\(layer)", hiddenWeight: "gru.weight_hh_l\(layer)")
    }
    let all = exchangeSides(states)
    let local = additiveAttention(
      values: all, keys: graph.linear(all, "a_1.weight"), queries: graph.linear(last, "a_2.weight"),
      weight: "v_t.weight")
    return graph.linear(graph.concatenate([local, last]), "b.weight")
  }
}
