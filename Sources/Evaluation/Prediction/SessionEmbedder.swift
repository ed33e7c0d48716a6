import MPI
import Sessions
import Storage
import Tensors

/// Makes the vectors of sessions with a session model, shared over all ranks of a group.
///
/// A session's vector has the same bits on any number of ranks and threads. Its product with an item's vector, a row of
/// the scored item table, is the score that a prediction goes by.
public final class SessionEmbedder {
  /// `[sessions, D]`.
  public struct Vectors {
    /// A row a session; zeros for a session without clicks.
    public let elements: [Float]
    /// How many sessions there are.
    public let rows: Int
    /// D.
    public let columns: Int

    /// Writes them under the name `sessions`; the file appears whole or not at all.
    /// - Throws: `StorageError`.
    public func write(to file: VectorFile) throws {
      try file.write("sessions", rows: rows, columns: columns) { body in try elements.withUnsafeBytes(body) }
    }
  }

  private let served: ServedModel
  private let team: ThreadTeam
  private let group: any ProcessGroup

  /// - Parameters:
  ///   - served: whose table's holders are this rank alone, or all of `group`.
  ///   - threads: of this process rank; they change no bit.
  package init(_ served: ServedModel, threads: Int = 1, group: any ProcessGroup) {
    self.served = served
    team = ThreadTeam(count: threads)
    self.group = group
  }

  /// Makes the vectors; collective.
  /// - Parameters:
  ///   - sessions: the same on every rank.
  ///   - progress: called on rank 0, with sessions done and sessions in all.
  /// - Returns: on rank 0 the vectors, in the order of the sessions; nil on the others.
  /// - Throws: `EvaluationError.vectorNotFinite`, or where a signal asked to stop `EndOfProcess`, on every rank; or an
  ///   `MPIError`.
  public func vectors(
    of sessions: SessionTable, progress: ((_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> Vectors? {
    let asked = (0..<Int32(sessions.count)).filter { !sessions.range(of: Int($0)).isEmpty }
    let width = served.table.width, isRoot = group.rank == 0
    let chunks = SessionChunks(asked, group: group)
    let scorer = SessionModelScorer(served)
    let own = try chunks.ownValues(
      of: sessions, scorer, team, atOnce: 4 * team.count, progress: isRoot ? progress : nil
    ) { round in
      round.own.flatMap { chunk in
        let vectors = scorer.vectors(of: chunk)
        return (0..<round.chunks[chunk].count).flatMap { session in
          (0..<width).map { vectors.elements[$0 * vectors.columns + session] }
        }
      }
    }
    try StopSignal.require(isWhole: own.count == chunks.counts[group.rank] * width, on: group)
    var all = [Float](repeating: 0, count: isRoot ? asked.count * width : 0)
    try own.withUnsafeBufferPointer { (own) throws(MPIError) in
      try all.withUnsafeMutableBufferPointer { (all) throws(MPIError) in
        try group.gather(own, counts: chunks.counts.map { $0 * width }, into: isRoot ? all : nil, at: 0)
      }
    }
    let ordered = isRoot ? chunks.inSessionOrder(all, width: width) : []
    try group.together {
      guard let place = ordered.firstIndex(where: { !$0.isFinite }) else { return }
      throw EvaluationError.vectorNotFinite(session: Int(asked[place / width]))
    }
    if !isRoot { return nil }
    var elements = [Float](repeating: 0, count: sessions.count * width)
    for (place, session) in asked.enumerated() {
      let first = Int(session) * width
      elements.replaceSubrange(first..<first + width, with: ordered[place * width..<(place + 1) * width])
    }
    return Vectors(elements: elements, rows: sessions.count, columns: width)
  }
}
