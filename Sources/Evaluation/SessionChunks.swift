import MPI
import Sessions
import Tensors

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

  /// Computes something for each chunk of this rank. Once a signal asks to stop, chunks are left out: see
  /// `StopSignal.require`.
  /// - Parameters:
  ///   - progress: called with how many sessions of how many all ranks have done by now, more or less.
  ///   - workers: one for each thread of `team`, which is used by no other at the same time.
  /// - Returns: the values of all chunks, one chunk after the other.
  package func ownValues<Worker>(
    _ team: ThreadTeam, workers: [Worker], progress: ((_ done: Int, _ total: Int) -> Void)?,
    _ values: (Worker, ArraySlice<Int32>) -> [Int32]
  ) -> [Int32] {
    let own = Array(stride(from: rank, to: count, by: ranks))
    return team.map(own.count) { (thread, place) -> [Int32] in
      if StopSignal.received != 0 { return [] }
      let values = values(workers[thread], sessions[range(of: own[place])])
      // One thread speaks for all: pieces are taken in order.
      if thread == 0 { progress?(min((own[place] + ranks) * Self.size, sessions.count), sessions.count) }
      return values
    }.flatMap { $0 }
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

extension ThreadTeam {
  /// A scorer for each thread.
  func makeScorers(_ make: () -> any CatalogueScorer) -> [any CatalogueScorer] {
    let scorers = (0..<count).map { _ in make() }
    // A scorer has memory of its own for a chunk: two threads must not share one.
    precondition(Set(scorers.map { ObjectIdentifier($0) }).count == count, "threads would share a scorer")
    return scorers
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
