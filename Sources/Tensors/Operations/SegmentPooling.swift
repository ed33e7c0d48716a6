import CKernels

/// From the clicks of sessions to one vector for each segment of them. Segments may overlap: then nothing is
/// copied, and a click's gradient is the sum over the segments that hold it, from the first to the last. The cost
/// goes with the rows of all segments together.
extension Tape {
  /// The mean of each segment's rows.
  /// - Parameter x: `[clicks, D]`.
  /// - Returns: `[segments, D]`.
  public func segmentMean(_ x: Variable, over segments: Segments) -> Variable {
    check(segments, rows: x.value.rows)
    let count = Int64(segments.count), width = Int64(x.value.columns)
    let mean = arena.uninitialised(rows: segments.count, columns: x.value.columns)
    ck_segment_mean(count, width, segments.first, segments.end, x.value.base, mean.base)
    return record(mean) { [arena] dMean in
      let dx = arena.zeros(rows: x.value.rows, columns: x.value.columns)
      ck_segment_mean_backward(count, width, segments.first, segments.end, dMean.base, dx.base)
      x.accumulate(dx)
    }
  }

  /// Additive attention without softmax: Σ (weight · σ(key + query)) value over each segment's rows.
  /// - Parameters:
  ///   - values: `[clicks, D]`.
  ///   - keys: `[clicks, H]`.
  ///   - queries: `[segments, H]`.
  ///   - weight: `[1, H]`.
  /// - Returns: `[segments, D]`.
  public func additiveAttention(
    values: Variable, keys: Variable, queries: Variable, weight: Parameter, over segments: Segments
  ) -> Variable {
    let weight = variable(weight)
    let clicks = values.value.rows, width = keys.value.columns
    check(segments, rows: clicks)
    precondition(
      keys.value.rows == clicks && queries.value.rows == segments.count && queries.value.columns == width
        && weight.value.count == width, shapes(keys.value, queries.value))
    // The gates are computed anew on the way back: kept, they would be H numbers for each row of each segment.
    let share = arena.uninitialised(rows: segments.rowCount, columns: 1)
    let pooled = arena.uninitialised(rows: segments.count, columns: values.value.columns)
    ck_additive_attention(
      Int64(segments.count), Int64(width), Int64(pooled.columns), segments.first, segments.end, keys.value.base,
      queries.value.base, weight.value.base, values.value.base, share.base, pooled.base)
    return record(pooled) { [arena] dPooled in
      let dKeys = arena.zeros(rows: clicks, columns: width)
      let dQueries = arena.uninitialised(rows: segments.count, columns: width)
      let dValues = arena.zeros(rows: clicks, columns: pooled.columns)
      ck_additive_attention_backward(
        Int64(segments.count), Int64(width), Int64(pooled.columns), segments.first, segments.end,
        keys.value.base, queries.value.base, weight.value.base, values.value.base, share.base, dPooled.base,
        dKeys.base, dQueries.base, weight.gradient!.base, dValues.base)
      values.accumulate(dValues)
      keys.accumulate(dKeys)
      queries.accumulate(dQueries)
    }
  }

  /// Σ softmax(score) value over each segment's rows.
  /// - Parameters:
  ///   - values: `[clicks, D]`.
  ///   - scores: `[clicks, 1]`.
  /// - Returns: `[segments, D]`.
  public func softmaxPooling(values: Variable, scores: Variable, over segments: Segments) -> Variable {
    let clicks = values.value.rows
    check(segments, rows: clicks)
    precondition(scores.value.rows == clicks && scores.value.columns == 1, shapes(values.value, scores.value))
    let share = arena.uninitialised(rows: segments.rowCount, columns: 1)
    let pooled = arena.uninitialised(rows: segments.count, columns: values.value.columns)
    ck_softmax_pooling(
      Int64(segments.count), Int64(pooled.columns), segments.first, segments.end, scores.value.base,
      values.value.base, share.base, pooled.base)
    return record(pooled) { [arena] dPooled in
      let dScores = arena.zeros(rows: clicks, columns: 1)
      let dValues = arena.zeros(rows: clicks, columns: pooled.columns)
      let scratch = arena.uninitialised(rows: clicks, columns: 1)
      ck_softmax_pooling_backward(
        Int64(segments.count), Int64(pooled.columns), segments.first, segments.end, values.value.base,
        share.base, dPooled.base, scratch.base, dScores.base, dValues.base)
      values.accumulate(dValues)
      scores.accumulate(dScores)
    }
  }
}

private func check(_ segments: Segments, rows: Int) {
  precondition(segments.end.allSatisfy { $0 <= rows }, "runs up to \(segments.end) of \(rows) rows")
}
