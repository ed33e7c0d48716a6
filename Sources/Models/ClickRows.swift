import Sessions

/// Where clicks lie in the matrices of a model that keeps them session after session, as the batch does.
extension RaggedBatch {
  /// For each session, the row of its last click.
  var lastRows: [Int32] { offsets.dropFirst().map { $0 - 1 } }

  /// For each click, its session's position in the global batch.
  var clickPositions: [Int32] {
    (0..<count).flatMap { [Int32](repeating: positions[$0], count: clicks(of: $0).count) }
  }

  /// For each click, its place in the session, from 0.
  var clickTimes: [Int32] { (0..<count).flatMap { 0..<Int32(clicks(of: $0).count) } }
}

extension TimeMajorOrder {
  /// For each click of `batch`, session after session, its row in this order.
  func rows(sessionAfterSession batch: RaggedBatch) -> [Int32] {
    var firstOfStep: [Int32] = [0]
    for sessions in alive { firstOfStep.append(firstOfStep.last! + sessions) }
    // A session has the same place within each of its steps.
    return (0..<batch.count).flatMap { session in
      let steps = batch.clicks(of: session).count
      let place = lastRows[session] - firstOfStep[steps - 1]
      return firstOfStep[..<steps].map { $0 + place }
    }
  }
}
