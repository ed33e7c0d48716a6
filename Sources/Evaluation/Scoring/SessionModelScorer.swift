import MPI
import Models
import Sessions
import Tensors

/// Scores by the product of a model's session vectors with the rows of its item table.
///
/// Each rank encodes the sessions of its own chunks. Where the table is in parts, it gets their items' rows from those
/// that hold them, and each has the vectors of all.
package final class SessionModelScorer: CatalogueScorer {
  package let share: CatalogueShare
  private let served: ServedModel
  /// `[chunks, D, SessionChunks.size]`: of the whole round, sessions in columns, as a product takes them fastest.
  private var vectors: FloatStorage
  private var largestScores: [Float] = []
  private var products: [TileProducts] = []
  private var arenas: [Arena] = []

  package init(_ served: ServedModel) {
    self.served = served
    share = CatalogueShare(of: served.table)
    vectors = FloatStorage(count: 0)
  }

  package func begin(_ round: SessionRound, _ team: ThreadTeam) throws(MPIError) {
    let width = served.table.width, chunkCount = SessionChunks.size * width
    while products.count < team.count {
      products.append(TileProducts(width: width))
      arenas.append(Arena())
    }
    if vectors.count < round.chunks.count * chunkCount {
      vectors = FloatStorage(count: round.chunks.count * chunkCount)
    }
    let rows = try served.table.fetch(round.ownItems)
    team.forEach(round.share) { thread, place in
      let chunk = round.own.lowerBound + place
      encode(round.chunks[chunk].batch, rows, arenas[thread], into: vectors(of: chunk))
    }
    let all = UnsafeMutableBufferPointer(rebasing: vectors.elements[..<(round.chunks.count * chunkCount)])
    try share.holders.allGather(
      inPlace: all, counts: .init(repeating: round.share * chunkCount, count: share.holders.size))
    largestScores = round.chunks.indices.map { chunk in
      // A sum of D products, in any order; the factor is for what rounding adds to it.
      1.001 * Float(width) * served.largestElement * vectors(of: chunk).largestMagnitude
    }
  }

  /// The vectors of a round's chunk: `[D, SessionChunks.size]`, sessions in columns; valid until the next round.
  func vectors(of chunk: Int) -> Tensor {
    let width = served.table.width
    return vectors.tensor(at: chunk * SessionChunks.size * width, rows: width, columns: SessionChunks.size)
  }

  /// - Parameter vectors: get the sessions' vectors, and zeros behind them.
  private func encode(_ batch: RaggedBatch, _ rows: TableRows, _ arena: Arena, into vectors: Tensor) {
    if batch.count == 0 { return vectors.elements.update(repeating: 0) }
    arena.reset()
    let encoded = served.model.encode(batch, on: .evaluating(in: arena, tableRows: rows)).value
    precondition(
      encoded.rows == batch.count && encoded.columns == vectors.rows,
      "\(batch.count) sessions became \(encoded.rows)×\(encoded.columns)")
    let filled = arena.zeros(rows: vectors.columns, columns: vectors.rows)
    filled.base.update(from: encoded.base, count: encoded.count)
    filled.transpose(into: vectors)
  }

  package func scores(of rows: Range<Int>, chunk: Int, thread: Int) -> Tensor {
    products[thread].scores(of: rows, in: served.rows, vectors(of: chunk))
  }

  package func scores(of rows: ArraySlice<Int32>, chunk: Int, thread: Int) -> Tensor {
    products[thread].scores(of: rows, in: served.rows, vectors(of: chunk))
  }

  package func largestScore(chunk: Int) -> Float { largestScores[chunk] }
}
