import MPI
import Sessions
import Tensors

/// Scores by counts: what an item is worth in the session's locale, save for the few that the session leads to.
package final class CountScorer: CatalogueScorer {
  /// All of the catalogue: every rank has all counts.
  package let share: CatalogueShare
  private let ofLocales: LocaleScores
  private let found: (any SparseScorer)?
  /// What is known of each chunk's sessions.
  private var chunks: [Chunk] = []
  private var workers: [Worker] = []

  private struct Chunk {
    /// The different locales of the chunk's sessions.
    let locales: [UInt16]
    /// `[SessionChunks.size]`: which of them a session has.
    let places: [Int]
    let found: SparseScores?
  }

  /// What a thread works with.
  private final class Worker {
    let scores = TileScores()
    /// `[Tensor.tileItems, locales]`, for as many locales as a chunk can have.
    let ofLocales = FloatStorage(count: Tensor.tileItems * SessionChunks.size)
  }

  /// - Parameters:
  ///   - ofLocales: what each item is worth in each locale.
  ///   - found: scores those that a session leads to.
  init(_ ofLocales: LocaleScores, _ found: (any SparseScorer)? = nil) {
    share = CatalogueShare(wholeOf: ofLocales.rows)
    self.ofLocales = ofLocales
    self.found = found
  }

  package func begin(_ round: SessionRound, _ team: ThreadTeam) {
    while workers.count < team.count { workers.append(Worker()) }
    found?.prepare(threads: team.count)
    chunks = team.map(round.chunks.count) { thread, number in
      let chunk = round.chunks[number]
      let locales = chunk.count == 0 ? [LocaleNames.none] : Set(chunk.locales).sorted()
      let places = chunk.locales.map { locales.firstIndex(of: $0) ?? 0 }
      return Chunk(
        locales: locales, places: places + [Int](repeating: 0, count: SessionChunks.size - chunk.count),
        found: found?.scores(of: chunk, thread: thread))
    }
  }

  package func scores(of rows: Range<Int>, chunk: Int, thread: Int) -> Tensor {
    let locales = chunks[chunk].locales, memory = workers[thread].ofLocales.base
    for (place, code) in locales.enumerated() {
      ofLocales.write(rows, in: code, to: memory + place, step: locales.count)
    }
    let tile = spread(rows.count, chunk, thread)
    chunks[chunk].found?.write(rows, into: tile)
    return tile
  }

  package func scores(of rows: ArraySlice<Int32>, chunk: Int, thread: Int) -> Tensor {
    let locales = chunks[chunk].locales, memory = workers[thread].ofLocales.base
    for (row, item) in rows.enumerated() {
      for (place, code) in locales.enumerated() {
        memory[row * locales.count + place] = ofLocales.score(of: item, in: code)
      }
    }
    let tile = spread(rows.count, chunk, thread)
    chunks[chunk].found?.write(rows, into: tile)
    return tile
  }

  /// Places and shares of what was counted in whole numbers of 64 bits.
  package func largestScore(chunk: Int) -> Float { 0x1p64 }

  /// Gives each session the scores of its locale.
  private func spread(_ rows: Int, _ chunk: Int, _ thread: Int) -> Tensor {
    let worker = workers[thread], tile = worker.scores.tile.rows(0..<rows), scores = tile.elements
    let locales = chunks[chunk].locales.count, memory = worker.ofLocales.base
    chunks[chunk].places.withUnsafeBufferPointer { places in
      for row in 0..<rows {
        for session in places.indices {
          scores[row * SessionChunks.size + session] = memory[row * locales + places[session]]
        }
      }
    }
    return tile
  }
}
