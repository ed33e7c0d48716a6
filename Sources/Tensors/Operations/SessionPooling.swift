import CKernels

/// From the clicks of a session to one vector. `offsets` has one more entry than there are sessions; the rows of
/// session s are `offsets[s] ..< offsets[s + 1]`, at least one.
extension Tape {
  /// The mean of each session's rows.
  /// - Parameter x: `[clicks, D]`.
  /// - Returns: `[sessions, D]`.
  public func sessionMean(_ x: Variable, offsets: [Int32]) -> Variable {
    let sessions = checked(offsets, rows: x.value.rows), width = Int64(x.value.columns)
    let mean = arena.uninitialised(rows: sessions, columns: x.value.columns)
    ck_session_mean(Int64(sessions), width, offsets, x.value.base, mean.base)
    return record(mean) { [arena] dMean in
      let dx = arena.uninitialised(rows: x.value.rows, columns: x.value.columns)
      ck_session_mean_backward(Int64(sessions), width, offsets, dMean.base, dx.base)
      x.accumulate(dx)
    }
  }

  /// Additive attention without softmax: Σ (weight · σ(key + query)) value over each session's rows.
  /// - Parameters:
  ///   - values: `[clicks, D]`.
  ///   - keys: `[clicks, H]`.
  ///   - queries: `[sessions, H]`.
  ///   - weight: `[1, H]`.
  /// - Returns: `[sessions, D]`.
  public func additiveAttention(
    values: Variable, keys: Variable, queries: Variable, weight: Parameter, offsets: [Int32]
  ) -> Variable {
    let weight = variable(weight)
    let clicks = values.value.rows, sessions = checked(offsets, rows: clicks)
    let width = keys.value.columns
    precondition(
      keys.value.rows == clicks && queries.value.rows == sessions && queries.value.columns == width
        && weight.value.count == width, shapes(keys.value, queries.value))
    let gate = arena.uninitialised(rows: clicks, columns: width)
    let share = arena.uninitialised(rows: clicks, columns: 1)
    let pooled = arena.uninitialised(rows: sessions, columns: values.value.columns)
    ck_additive_attention(
      Int64(sessions), Int64(width), Int64(pooled.columns), offsets, keys.value.base, queries.value.base,
      weight.value.base, values.value.base, gate.base, share.base, pooled.base)
    return record(pooled) { [arena] dPooled in
      let dKeys = arena.uninitialised(rows: clicks, columns: width)
      let dQueries = arena.uninitialised(rows: sessions, columns: width)
      let dValues = arena.uninitialised(rows: clicks, columns: pooled.columns)
      ck_additive_attention_backward(
        Int64(sessions), Int64(width), Int64(pooled.columns), offsets, weight.value.base, values.value.base,
        gate.base, share.base, dPooled.base, dKeys.base, dQueries.base, weight.gradient!.base, dValues.base)
      values.accumulate(dValues)
      keys.accumulate(dKeys)
      queries.accumulate(dQueries)
    }
  }

  /// Σ softmax(score) value over each session's rows.
  /// - Parameters:
  ///   - values: `[clicks, D]`.
  ///   - scores: `[clicks, 1]`.
  /// - Returns: `[sessions, D]`.
  public func softmaxPooling(values: Variable, scores: Variable, offsets: [Int32]) -> Variable {
    let clicks = values.value.rows, sessions = checked(offsets, rows: clicks)
    precondition(scores.value.rows == clicks && scores.value.columns == 1, shapes(values.value, scores.value))
    let share = arena.uninitialised(rows: clicks, columns: 1)
    let pooled = arena.uninitialised(rows: sessions, columns: values.value.columns)
    ck_softmax_pooling(
      Int64(sessions), Int64(pooled.columns), offsets, scores.value.base, values.value.base, share.base,
      pooled.base)
    return record(pooled) { [arena] dPooled in
      let dScores = arena.uninitialised(rows: clicks, columns: 1)
      let dValues = arena.uninitialised(rows: clicks, columns: pooled.columns)
      ck_softmax_pooling_backward(
        Int64(sessions), Int64(pooled.columns), offsets, values.value.base, share.base, dPooled.base,
        dScores.base, dValues.base)
      values.accumulate(dValues)
      scores.accumulate(dScores)
    }
  }
}

/// The number of sessions.
private func checked(_ offsets: [Int32], rows: Int) -> Int {
  precondition(offsets.first == 0 && offsets.last.map(Int.init) == rows, "offsets \(offsets) for \(rows) rows")
  return offsets.count - 1
}
