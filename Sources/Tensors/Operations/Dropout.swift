import CKernels

extension Tape {
  /// Inverted dropout: elements are zero with probability `rate`, the others grow by 1 / (1 - rate).
  ///
  /// Which elements are dropped depends on the seed, the step, and where the element is in the global batch.
  /// - Parameters:
  ///   - x: `[R, D]`.
  ///   - sessions: for each row, its session's position in the global batch.
  ///   - times: for each row, its click's place in the session, from 0.
  public func dropout(_ x: Variable, rate: Float, sessions: [Int32], times: [Int32]) -> Variable {
    let site = nextDropoutSite()
    guard let randomness, rate > 0 else { return x }
    precondition(sessions.count == x.value.rows && times.count == x.value.rows, "an address for every row")
    func mask(_ from: Tensor, in arena: Arena) -> Tensor {
      let to = arena.uninitialised(rows: from.rows, columns: from.columns)
      ck_dropout(
        Int64(from.rows), Int64(from.columns), from.base, rate, randomness.key, randomness.step, site, sessions,
        times, to.base)
      return to
    }
    return record(mask(x.value, in: arena)) { [arena] dy in x.accumulate(mask(dy, in: arena)) }
  }
}
