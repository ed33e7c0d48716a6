import MPI
import Sessions
import Tensors

/// The scores of some items for one session, as `Predictor` ranks by them; collective over the scorer's holders.
/// - Parameters:
///   - items: rows of the catalogue, each once.
///   - session: its number in `sessions`; it has clicks.
/// - Returns: `[items]`, with the same bits on every rank.
package func scores(
  of items: [Int32], for session: Int, of sessions: SessionTable, by scorer: any CatalogueScorer
) throws(MPIError) -> [Float] {
  let holders = scorer.share.holders
  let asked = SessionChunk([Int32(session)], of: sessions), nothing = SessionChunk([], of: sessions)
  let others = [SessionChunk](repeating: nothing, count: holders.size - 1)
  try scorer.begin(SessionRound([asked] + others, holder: holders.rank, of: holders.size), ThreadTeam())
  let own = items.filter { scorer.share.rows.contains(Int($0)) }.sorted()
  let found = scorer.scores(of: own.map { SessionItem(item: $0, session: 0) }, chunk: 0, thread: 0)
  // Of each score there is one: a sum of bit patterns is the pattern.
  var bits = [UInt32](repeating: 0, count: items.count)
  for (item, score) in zip(own, found) { bits[items.firstIndex(of: item)!] = score.bitPattern }
  try holders.sum(&bits)
  return bits.map { Float(bitPattern: $0) }
}
