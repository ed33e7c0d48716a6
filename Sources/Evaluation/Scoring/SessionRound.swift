import Sessions

/// A chunk of sessions: at most `SessionChunks.size`, or none.
package struct SessionChunk {
  package let batch: RaggedBatch
  /// The code of each session's locale.
  package let locales: [UInt16]

  package init(_ batch: RaggedBatch, locales: [UInt16]) {
    precondition(
      batch.count == locales.count && batch.count <= SessionChunks.size,
      "\(batch.count) sessions and \(locales.count) locales in a chunk of \(SessionChunks.size)")
    self.batch = batch
    self.locales = locales
  }

  /// - Parameter sessions: numbers in the table, of sessions that have clicks.
  package init(_ sessions: ArraySlice<Int32>, of table: SessionTable) {
    var batch = RaggedBatch()
    for (position, session) in sessions.enumerated() {
      batch.append(table.items(of: Int(session)), target: table.targets[Int(session)], position: position)
    }
    self.init(batch, locales: sessions.map { table.locales[Int($0)] })
  }

  /// Sessions.
  package var count: Int { batch.count }

  /// The distinct items of a session, by row.
  func items(of session: Int) -> [Int32] {
    Array(batch.items[batch.clicks(of: session)]).distinct
  }
}

/// The chunks that are scored together: as many of each of the ranks that hold the catalogue between them. Every one of
/// these ranks has all of them.
package struct SessionRound {
  /// Holder after holder; chunks without sessions where a holder has no more.
  package let chunks: [SessionChunk]
  /// How many chunks each holder has.
  package let share: Int
  /// This rank's place among the holders.
  private let holder: Int

  package init(_ chunks: [SessionChunk], holder: Int, of holders: Int) {
    precondition(chunks.count % holders == 0, "\(chunks.count) chunks of \(holders) ranks")
    self.chunks = chunks
    share = chunks.count / holders
    self.holder = holder
  }

  /// The chunks of this rank, by their numbers.
  package var own: Range<Int> { holder * share..<(holder + 1) * share }

  /// The rows of all items in this rank's chunks, rising, each once.
  var ownItems: [Int32] { own.flatMap { chunks[$0].batch.items }.distinct }
}

extension Candidates {
  /// `[SessionChunks.size]`: the bits of the candidates of each session of a chunk; none where there is no session.
  func allowed(for chunk: SessionChunk) -> [Int32] {
    chunk.locales.map(allowed(forLocale:)) + [Int32](repeating: 0, count: SessionChunks.size - chunk.count)
  }
}
