import MPI
import Sessions

/// Sessions cut into chunks of a fixed size, dealt to the ranks in turn.
///
/// A chunk holds the same sessions on any number of ranks, so what is computed for it has the same bits.
package struct SessionChunks {
  /// Sessions in a chunk; the last may hold fewer.
  package static let size = 256

  private let sessions: [Int32]
  private let rank: Int
  private let ranks: Int

  /// - Parameter sessions: numbers in a `SessionTable`.
  package init(_ sessions: [Int32], group: any ProcessGroup) {
    self.sessions = sessions
    rank = group.rank
    ranks = group.size
  }

  private var count: Int { (sessions.count + Self.size - 1) / Self.size }

  /// Runs `body` on each chunk of this rank.
  /// - Parameter progress: called with how many sessions of how many all ranks have done by now, more or less.
  package func forEachOwn(
    progress: ((_ done: Int, _ total: Int) -> Void)?, _ body: (ArraySlice<Int32>) -> Void
  ) {
    for chunk in stride(from: rank, to: count, by: ranks) {
      body(sessions[range(of: chunk)])
      progress?(min((chunk + ranks) * Self.size, sessions.count), sessions.count)
    }
  }

  /// How many sessions each rank has.
  package var counts: [Int] {
    (0..<ranks).map { rank in stride(from: rank, to: count, by: ranks).reduce(0) { $0 + range(of: $1).count } }
  }

  /// Puts what the ranks computed into the order of the sessions.
  /// - Parameter values: `width` values a session, rank after rank, each in the order of its chunks.
  package func inSessionOrder<Value: BitwiseCopyable>(_ values: [Value], width: Int = 1) -> [Value] {
    precondition(values.count == sessions.count * width, "\(values.count) values of \(sessions.count) sessions")
    var ordered = values
    var next = 0
    for rank in 0..<ranks {
      for chunk in stride(from: rank, to: count, by: ranks) {
        for session in range(of: chunk) {
          for place in 0..<width { ordered[session * width + place] = values[next + place] }
          next += width
        }
      }
    }
    return ordered
  }

  private func range(of chunk: Int) -> Range<Int> {
    chunk * Self.size..<min((chunk + 1) * Self.size, sessions.count)
  }
}

extension RaggedBatch {
  /// Takes in a chunk of sessions, which have clicks.
  mutating func fill(with chunk: ArraySlice<Int32>, from table: SessionTable) {
    clear()
    for (position, session) in chunk.enumerated() {
      append(table.items(of: Int(session)), target: table.targets[Int(session)], position: position)
    }
  }
}
