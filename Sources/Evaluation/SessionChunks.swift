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

  /// Computes something for each chunk of this rank, in rounds; collective over the scorer's holders. Once a signal asks
  /// to stop, chunks are left out: see `StopSignal.require`.
  /// - Parameters:
  ///   - table: whose sessions these are.
  ///   - scorer: takes in each round; its holders are this rank alone, or all ranks.
  ///   - atOnce: how many chunks a round has at least, the same on all holders; that changes no value.
  ///   - progress: called with how many sessions of how many all ranks have done by now, more or less.
  ///   - values: computes those of this rank's chunks in a round.
  /// - Returns: the values of all chunks, one chunk after the other.
  func ownValues<Value>(
    of table: SessionTable, _ scorer: any CatalogueScorer, _ team: ThreadTeam, atOnce: Int,
    progress: ((_ done: Int, _ total: Int) -> Void)?, _ values: (SessionRound) throws -> [Value]
  ) throws -> [Value] {
    let holders = scorer.share.holders
    let members = holders.size == 1 ? rank...rank : 0...ranks - 1
    precondition(holders.size == members.count, "\(holders.size) of \(ranks) ranks hold a catalogue between them")
    let each = (atOnce + members.count - 1) / members.count
    var own: [Value] = []
    // The first chunk of a round, and with that whether there is one, is the same for all of its ranks.
    for first in stride(from: members.lowerBound, to: count, by: each * ranks) {
      if try StopSignal.wasReceived(by: holders) != nil { break }
      let chunks = members.flatMap { member in
        (0..<each).map { place in
          let chunk = first + member - members.lowerBound + place * ranks
          return SessionChunk(chunk < count ? sessions[range(of: chunk)] : [], of: table)
        }
      }
      let round = SessionRound(chunks, holder: holders.rank, of: holders.size)
      try scorer.begin(round, team)
      own += try values(round)
      progress?(min((first - members.lowerBound + each * ranks) * Self.size, sessions.count), sessions.count)
    }
    return own
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
