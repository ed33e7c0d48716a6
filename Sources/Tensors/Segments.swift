/// Runs of rows of a matrix, at least one row each. They may overlap, as those of a session's prefixes do.
public struct Segments: Equatable, Sendable {
  /// Each run's first row.
  public let first: [Int32]
  /// The row after each run's last.
  public let end: [Int32]

  /// - Precondition: no run is empty.
  public init(first: [Int32], end: [Int32]) {
    precondition(
      first.count == end.count && zip(first, end).allSatisfy { 0 <= $0 && $0 < $1 }, "runs \(first) to \(end)")
    self.first = first
    self.end = end
  }

  /// Runs that follow one another without a gap.
  /// - Parameter offsets: where each begins, and the end of the last.
  public init(offsets: [Int32]) { self.init(first: Array(offsets.dropLast()), end: Array(offsets.dropFirst())) }

  /// How many runs there are.
  public var count: Int { first.count }
  /// Rows of all runs together; a row counts once for each run that holds it.
  var rowCount: Int { zip(first, end).reduce(0) { $0 + Int($1.1 - $1.0) } }
}
