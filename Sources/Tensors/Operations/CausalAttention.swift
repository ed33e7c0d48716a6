import CKernels

extension Tape {
  /// Multi-head scaled dot-product attention inside each session; a click sees itself and those before it.
  ///
  /// Vaswani et al., arXiv:1706.03762. Which probabilities are dropped depends on the seed, the step, the
  /// session's position in the global batch, the head, and the places of the two clicks.
  /// - Parameters:
  ///   - queries: `[clicks, D]`, the heads side by side; keys and values too.
  ///   - offsets: where each session's clicks begin, and the end.
  ///   - dropout: the share of probabilities that training drops.
  ///   - sessions: for each session, its position in the global batch.
  /// - Returns: `[clicks, D]`.
  public func causalAttention(
    queries: Variable, keys: Variable, values: Variable, heads: Int, offsets: [Int32], dropout rate: Float,
    sessions positions: [Int32]
  ) -> Variable {
    let clicks = queries.value.rows, width = queries.value.columns
    precondition(width % heads == 0, "\(heads) heads of \(width) columns")
    precondition(
      [keys, values].allSatisfy { $0.value.rows == clicks && $0.value.columns == width },
      shapes(keys.value, values.value))
    precondition(positions.count + 1 == offsets.count && offsets.last.map(Int.init) == clicks, "\(offsets)")
    let lengths = zip(offsets.dropFirst(), offsets).map { Int($0 - $1) }
    let sessions = Int64(lengths.count), heads64 = Int64(heads), headWidth = Int64(width / heads)
    let pairs = heads * lengths.reduce(0) { $0 + $1 * ($1 + 1) / 2 }

    let kept = keptPairs(pairs, heads: heads, offsets: offsets, rate: rate, positions: positions)
    let probabilities = arena.uninitialised(rows: pairs, columns: 1)
    let mixed = arena.uninitialised(rows: clicks, columns: width)
    ck_causal_attention(
      sessions, heads64, headWidth, offsets, queries.value.base, keys.value.base, values.value.base,
      kept?.base, probabilities.base, mixed.base)
    return record(mixed) { [arena] dMixed in
      let scratch = arena.uninitialised(rows: lengths.max() ?? 0, columns: 1)
      let gradients = (0..<3).map { _ in arena.zeros(rows: clicks, columns: width) }
      ck_causal_attention_backward(
        sessions, heads64, headWidth, offsets, queries.value.base, keys.value.base, values.value.base,
        kept?.base, probabilities.base, dMixed.base, scratch.base, gradients[0].base, gradients[1].base,
        gradients[2].base)
      for (operand, gradient) in zip([queries, keys, values], gradients) { operand.accumulate(gradient) }
    }
  }

  /// What dropout multiplies each probability by; nil for nothing.
  private func keptPairs(
    _ pairs: Int, heads: Int, offsets: [Int32], rate: Float, positions: [Int32]
  ) -> Tensor? {
    // Each head has a site of its own, so that queries and keys have the rest of the counter to themselves.
    let sites = (0..<heads).map { _ in nextDropoutSite() }
    guard let randomness, rate > 0 else { return nil }
    let kept = arena.uninitialised(rows: pairs, columns: 1)
    ck_causal_dropout(
      Int64(positions.count), Int64(heads), offsets, rate, randomness.key, randomness.step, sites[0], positions,
      kept.base)
    return kept
  }
}
