import MPI
import Sessions
import Tensors

/// Something that scores the items of the catalogue for rounds of sessions, some rows at a time. Where several ranks
/// hold the catalogue between them, each scores its own rows for the sessions of all.
///
/// Scores of an item must have the same bits whichever way they are asked for, and on whichever rank: ranks are found by
/// comparing them.
package protocol CatalogueScorer: AnyObject {
  /// The rows that may be asked for, and the ranks that `begin` is collective over.
  var share: CatalogueShare { get }

  /// Takes in the sessions that the next scores are for; collective over the share's holders.
  /// - Parameter team: whose threads may then ask for scores at the same time, each in its own name.
  func begin(_ round: SessionRound, _ team: ThreadTeam) throws(MPIError)

  /// The scores of a tile: `[rows.count, SessionChunks.size]`, valid until the thread's next call and its to change.
  /// Columns beyond the chunk's sessions hold finite numbers of no meaning.
  /// - Parameters:
  ///   - rows: at most `Tensor.tileItems`, all in the share.
  ///   - chunk: its number in the round.
  ///   - thread: the caller's, below the team's count.
  func scores(of rows: Range<Int>, chunk: Int, thread: Int) -> Tensor

  /// The scores of single items, likewise.
  func scores(of rows: ArraySlice<Int32>, chunk: Int, thread: Int) -> Tensor

  /// What no score of a chunk exceeds in magnitude, on any rank. Where that is not known, or not finite, whoever uses
  /// the scores looks at each.
  func largestScore(chunk: Int) -> Float
}

extension CatalogueScorer {
  /// The scores of single items for single sessions of a chunk.
  /// - Parameter pairs: in rising order of their items, which are in the share.
  func scores(of pairs: [SessionItem], chunk: Int, thread: Int) -> [Float] {
    var found: [Float] = []
    found.reserveCapacity(pairs.count)
    let items = pairs.map(\.item).withoutNeighbouringEquals
    for start in stride(from: 0, to: items.count, by: Tensor.tileItems) {
      let rows = items[start..<min(start + Tensor.tileItems, items.count)]
      let scores = scores(of: rows, chunk: chunk, thread: thread)
      var place = rows.startIndex
      while found.count < pairs.count, pairs[found.count].item <= rows.last! {
        let pair = pairs[found.count]
        while rows[place] < pair.item { place += 1 }
        found.append(scores.elements[(place - start) * scores.columns + pair.session])
      }
    }
    return found
  }
}

/// An item, and a session of a chunk that it is scored for.
struct SessionItem {
  let item: Int32
  /// The session's number in the chunk.
  let session: Int
}
