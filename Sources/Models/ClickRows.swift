import Sessions
import Tensors

/// Where clicks lie in the matrices of a model that keeps them session after session, as the batch does.
extension RaggedBatch {
  /// For each query, the rows of the clicks that it sees.
  var seenRows: Segments {
    let seen = (0..<queryCount).map { clicks(seenBy: $0) }
    return Segments(first: seen.map { Int32($0.lowerBound) }, end: seen.map { Int32($0.upperBound) })
  }

  /// For each query, the row of the last click that it sees.
  var lastRows: [Int32] { (0..<queryCount).map { Int32(clicks(seenBy: $0).upperBound - 1) } }

  /// For each click, its session's position in the global batch.
  var clickPositions: [Int32] {
    (0..<count).flatMap { [Int32](repeating: positions[$0], count: clicks(of: $0).count) }
  }

  /// For each click, its place in the session, from 0.
  var clickTimes: [Int32] { (0..<count).flatMap { 0..<Int32(clicks(of: $0).count) } }

  /// For each click, how many of its session follow it.
  var clicksAfter: [Int32] { (0..<count).flatMap { (0..<Int32(clicks(of: $0).count)).reversed() } }

  /// For each query, its session's position in the global batch.
  var queryPositions: [Int32] { querySessions.map { positions[Int($0)] } }

  /// For each query, how many clicks of its session it does not see: with `queryPositions` the address of random
  /// numbers that are a query's own, and 0 for whole sessions.
  var unseenClicks: [Int32] {
    (0..<queryCount).map { Int32(clicks(of: Int(querySessions[$0])).count) - queryLengths[$0] }
  }
}
