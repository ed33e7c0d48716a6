import CKernels

extension Tape {
  /// One layer of gated recurrent units without bias over ragged sessions (PyTorch's `GRU`, gates r, z, n;
  /// Cho et al., arXiv:1406.1078).
  ///
  /// Rows are time-major: first the first click of every session, then the second of those that have one, …;
  /// sessions are sorted by falling length, so those alive at a step are the first rows of the step before.
  /// - Parameters:
  ///   - x: `[clicks, in]`.
  ///   - inputWeight: `[3H, in]`.
  ///   - hiddenWeight: `[3H, H]`.
  ///   - alive: how many sessions have a click at each step; falls, and sums to `clicks`.
  /// - Returns: the hidden state after every click, `[clicks, H]`.
  public func gru(_ x: Variable, inputWeight: Parameter, hiddenWeight: Parameter, alive: [Int32]) -> Variable {
    let inputWeight = variable(inputWeight), hiddenWeight = variable(hiddenWeight)
    let clicks = x.value.rows, width = hiddenWeight.value.columns
    let sessions = alive.first.map(Int.init) ?? 0
    let steps = stepRanges(alive)
    precondition(steps.last?.upperBound ?? 0 == clicks, "\(clicks) clicks, but sessions alive at \(alive)")

    let gates = arena.uninitialised(rows: clicks, columns: 3 * width)
    gates.product(x.value, inputWeight.value, transposeB: true)
    let candidate = arena.uninitialised(rows: clicks, columns: width)
    let states = arena.uninitialised(rows: clicks, columns: width)
    // The state before each click; zero at the first. Kept whole, so that d(hiddenWeight) is one product.
    let previous = arena.uninitialised(rows: clicks, columns: width)
    previous.rows(0..<sessions).elements.update(repeating: 0)
    let fromHidden = arena.zeros(rows: sessions, columns: 3 * width)
    for (time, step) in steps.enumerated() {
      if time > 0 {
        let before = states.rows(steps[time - 1].lowerBound..<steps[time - 1].lowerBound + step.count)
        previous.rows(step).base.update(from: before.base, count: before.count)
        fromHidden.rows(0..<step.count).product(before, hiddenWeight.value, transposeB: true)
      }
      ck_gru_cell(
        Int64(step.count), Int64(width), gates.rows(step).base, fromHidden.base, previous.rows(step).base,
        candidate.rows(step).base, states.rows(step).base)
    }

    return record(states) { [arena] dStates in
      let dGates = arena.uninitialised(rows: clicks, columns: 3 * width)
      let dFromHidden = arena.uninitialised(rows: clicks, columns: 3 * width)
      let dPrevious = arena.uninitialised(rows: sessions, columns: width)
      for (time, step) in steps.enumerated().reversed() {
        ck_gru_cell_backward(
          Int64(step.count), Int64(width), gates.rows(step).base, candidate.rows(step).base,
          previous.rows(step).base, dStates.rows(step).base, dGates.rows(step).base,
          dFromHidden.rows(step).base, dPrevious.base)
        guard time > 0 else { continue }
        let before = dPrevious.rows(0..<step.count)
        before.product(dFromHidden.rows(step), hiddenWeight.value, accumulate: true)
        dStates.rows(steps[time - 1].lowerBound..<steps[time - 1].lowerBound + step.count).add(before)
      }
      // The first step has no state before it, so it adds nothing to d(hiddenWeight).
      let later = sessions..<clicks
      hiddenWeight.gradient!.product(
        dFromHidden.rows(later), previous.rows(later), transposeA: true, accumulate: true)
      inputWeight.gradient!.product(dGates, x.value, transposeA: true, accumulate: true)
      let dx = arena.uninitialised(rows: clicks, columns: x.value.columns)
      dx.product(dGates, inputWeight.value)
      x.accumulate(dx)
    }
  }
}

/// The rows of each step.
private func stepRanges(_ alive: [Int32]) -> [Range<Int>] {
  var first = 0
  return alive.map { count in
    defer { first += Int(count) }
    return first..<first + Int(count)
  }
}
