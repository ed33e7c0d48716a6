import Catalogue
import Foundation
import Learning
import MPI
import Models
import Sessions
import Tensors

/// What a head makes of given vectors and a given table, on the ranks of a group.
package struct HeadTrial: Equatable {
  /// The sum of all lanes' losses.
  package let loss: Double
  /// d(loss)/d(vectors) of this rank's lanes.
  package let sessions: [Float]
  /// d(loss)/d(table) for this rank's rows, in `rows`; for a sampled loss, for those that were touched.
  package let table: [Float]
  package let rows: [Int]

  /// A lane's vectors, `[targets.count, D]`, and their targets.
  package typealias Lane = (vectors: Tensor, targets: [Int32])

  /// - Parameters:
  ///   - table: `[items + 1, D]`.
  ///   - lanes: of the whole batch, as many as a power of two.
  ///   - sampled: a loss over samples, with each row's share of occurrences and the samples.
  package init(
    table whole: Tensor, _ lanes: [Lane], blocks: Int? = nil, scoring: CatalogueScoring = .dotProduct,
    sampled: (plan: LossPlan, share: [Double], samples: [Int32])? = nil, precision: Precision = .float32,
    threads: Int = 1, key: DropoutKey = DropoutKey(seed: 1, step: 0), placement: TablePlacement = .replicated,
    group: any ProcessGroup = SoloGroup()
  ) throws {
    var builder = ParameterBuilder()
    _ = builder.itemTable("items", items: whole.rows - 1, width: whole.columns, .zeros)
    let table = ItemTable(builder.build(), placement: placement, group: group)
    _ = table.held.values.elements.update(fromContentsOf: whole.rows(table.held.range).elements)
    let batch = try BatchLayout(
      lanes: lanes.count, blocks: blocks ?? lanes.count,
      takesWholeBlocks: sampled == nil && placement == .replicated, ranks: group.size)
    let team = ThreadTeam(count: threads), head: any LossHead
    if let sampled {
      head = try SampledHead(
        sampled.plan, .touched, table, scoring: scoring, batch, logShare: sampled.share.map { log($0) }, team: team,
        timeline: .off
      ) { _ in sampled.samples }
    } else {
      head = CatalogueHead(table, scoring: scoring, batch, precision: precision, team: team, timeline: .off)
    }
    let targets = lanes.flatMap(\.targets)
    let first = lanes.indices.map { lane in lanes[..<lane].reduce(0) { $0 + $1.targets.count } }
    let step = HeadStep(
      number: 0, targets: BatchTargets(rows: targets, firstOfLane: first), clicks: [], randomness: key)
    let own = lanes[batch.lanesOfRanks[group.rank]]
    let arena = Arena()
    let vectors = arena.uninitialised(rows: own.reduce(0) { $0 + $1.targets.count }, columns: whole.columns)
    _ = vectors.elements.update(fromContentsOf: own.flatMap(\.vectors.array))
    let fetched = try table.fetch(Array(Set(head.rows(for: step))).sorted())
    let found = try head.sessionGradients(of: vectors, step, rows: fetched)
    loss = found.loss
    sessions = found.gradients.array
    let lookups = LookupGradients(table)
    try lookups.exchange([])
    let gradient = try head.tableGradient(step, lookups)
    self.table = gradient.values.array
    switch gradient.rows {
    case .all(let range): rows = Array(range)
    case .touched(let touched): rows = touched.map { Int($0) }
    }
    withExtendedLifetime(arena) {}
  }
}
