import Foundation
import Models
import Tensors

/// Cross-entropy over the whole catalogue, forwards and backwards, without a batch × items matrix.
///
/// The table is walked twice in tiles of `Tensor.tileItems` rows. The first walk keeps for each session the sum of
/// its exponentials over a reference (online softmax: Milakov and Gimelshein, arXiv:1805.02867); the second computes
/// the logits again, turns them into probabilities minus the one-hot target, and multiplies them into the gradients
/// of the session vectors and of the table. A tile's gradient is added over this rank's lanes in the fixed tree
/// while it is in the cache.
///
/// The tiles are dealt into stripes, which threads take in turn. What runs over tiles, the sessions' sums and
/// gradients, is added up within a stripe and then over the stripes in their order, be there one thread or many.
///
/// Scores by cosine walk scaled rows of the table instead, made tile by tile in the cache; all gradients gathered
/// are then those of the scaled rows, and `finishTableGradient` turns their sum over all lanes into the table's.
///
/// Not here: what other ranks computed (`GradientExchange`), what is done with one tile (`HeadWorker`).
package final class CatalogueHead {
  /// What one lane brings, and what it takes home.
  package struct Lane {
    /// `[sessions, D]`; a session counts once for each of its targets.
    package let sessions: Tensor
    /// The table row of each vector's target.
    package let targets: [Int32]
    /// d(loss)/d(sessions), `[sessions, D]`: written by the head.
    package let gradient: Tensor

    package init(sessions: Tensor, targets: [Int32], gradient: Tensor) {
      self.sessions = sessions
      self.targets = targets
      self.gradient = gradient
    }
  }

  /// How many stripes a large catalogue has: more than these threads have nothing to do.
  package static let largestStripeCount = 16

  private let table: Tensor
  private let precision: Precision
  private let team: ThreadTeam
  private let timeline: Timeline
  /// The tiles of each stripe.
  private let stripes: [ArraySlice<Range<Int>>]
  private let workers: [HeadWorker]
  private let arena = Arena()

  /// - Parameters:
  ///   - table: `[items + 1, D]`; row 0 is no candidate.
  ///   - precision: what the products multiply; supported by this machine.
  ///   - timeline: gets a span for each walk, and one for each stripe of it.
  package init(
    table: Tensor, scoring: CatalogueScoring = .dotProduct, precision: Precision = .float32,
    team: ThreadTeam = ThreadTeam(), timeline: Timeline = .off
  ) {
    self.table = table
    self.precision = precision
    self.team = team
    self.timeline = timeline
    let tiles = Tensor.tiles(ofTableWith: table.rows)
    let count = min(Self.largestStripeCount, tiles.count)
    stripes = (0..<count).map { tiles[$0 * tiles.count / count..<($0 + 1) * tiles.count / count] }
    workers = (0..<team.count).map { _ in HeadWorker(table: table, scoring: scoring, precision: precision) }
  }

  /// The losses of some lanes, and their gradients.
  /// - Parameters:
  ///   - lanes: in the order of the tree.
  ///   - subtrees: how the lanes are added up: aligned runs of `lanes`, each a power of two long.
  ///   - scale: what a session's loss counts for in the gradients: 1 / (sessions in the global batch).
  ///   - randomness: where dropout on the table is addressed.
  ///   - tableGradients: `[items + 1, D]` for each subtree; all rows but row 0 are overwritten. They want
  ///     `finishTableGradient` once all lanes are added.
  /// - Returns: for each lane the sum of its sessions' losses, in nats.
  package func lossesAndGradients(
    _ lanes: [Lane], subtrees: [Range<Int>], scale: Float, randomness: DropoutKey? = nil, tableGradients: [Tensor]
  ) -> [Double] {
    precondition(subtrees.count == tableGradients.count && subtrees.last?.upperBound ?? 0 == lanes.count)
    arena.reset()
    var sessions = 0
    let work = lanes.map { lane in
      defer { sessions += HeadLane.paddedRows(lane.targets.count) }
      return HeadLane(lane, first: sessions, scale: scale, precision: precision, in: arena)
    }
    let levels = (subtrees.map(\.count).max() ?? 1).trailingZeroBitCount
    for worker in workers { worker.prepare(largestLane: work.map(\.rows).max() ?? 0, levels: levels) }

    let losses = timeline.measure(.headForward) { forward(work, sessions: sessions, randomness) }
    timeline.measure(.headBackward) {
      let partial = backward(work, sessions: sessions, subtrees: subtrees, randomness, tableGradients)
      for (lane, own) in zip(lanes, work) {
        lane.gradient.elements.update(repeating: 0)
        for stripe in stripes.indices {
          let first = stripe * sessions + own.first
          lane.gradient.add(partial.rows(first..<first + lane.gradient.rows))
        }
      }
    }
    return losses
  }

  /// Turns the gradient that all lanes have for scored rows into that of the table's rows, in place.
  ///
  /// This is linear in the gradient, so it is done once for the sum, by the rank that owns the rows.
  /// - Parameters:
  ///   - gradient: of `rows` of the table, added over all lanes of the batch.
  ///   - randomness: as in `lossesAndGradients`.
  package func finishTableGradient(_ gradient: Tensor, rows: Range<Int>, randomness: DropoutKey?) {
    let pieces = (rows.count + Tensor.tileItems - 1) / Tensor.tileItems
    team.forEach(pieces) { thread, piece in
      let first = piece * Tensor.tileItems, part = first..<min(first + Tensor.tileItems, rows.count)
      workers[thread].finish(
        gradient.rows(part), of: rows.lowerBound + part.lowerBound..<rows.lowerBound + part.upperBound, randomness)
    }
  }

  /// The first walk: leaves the targets' logits and the normalisers in the lanes.
  /// - Parameter sessions: of all lanes together.
  /// - Returns: the lanes' losses.
  private func forward(_ lanes: [HeadLane], sessions: Int, _ randomness: DropoutKey?) -> [Double] {
    let partial = Sums(
      references: arena.uninitialised(rows: stripes.count, columns: sessions),
      sums: arena.doubles(stripes.count * sessions))
    partial.references.elements.update(repeating: -.infinity)
    walkStripes(.headForward) { worker, stripe in
      for tile in stripes[stripe] {
        worker.fold(
          tile, lanes, randomness: randomness, references: partial.references.base + stripe * sessions,
          sums: partial.sums + stripe * sessions)
      }
    }
    return lanes.map { finish($0, partial) }
  }

  /// The second walk: writes the table's gradients.
  /// - Returns: each stripe's part of the sessions' gradients, `[stripes · sessions, D]`.
  private func backward(
    _ lanes: [HeadLane], sessions: Int, subtrees: [Range<Int>], _ randomness: DropoutKey?, _ tableGradients: [Tensor]
  ) -> Tensor {
    let partial = arena.zeros(rows: stripes.count * sessions, columns: table.columns)
    walkStripes(.headBackward) { worker, stripe in
      let gradients = partial.rows(stripe * sessions..<(stripe + 1) * sessions)
      for tile in stripes[stripe] {
        worker.backward(
          tile, lanes, subtrees: subtrees, randomness: randomness, sessionGradients: gradients,
          tableGradients: tableGradients)
      }
    }
    return partial
  }

  /// Runs `body` on every stripe, on whichever thread is free.
  private func walkStripes(_ phase: StepPhase, _ body: (_ worker: HeadWorker, _ stripe: Int) -> Void) {
    team.forEach(stripes.count) { thread, stripe in
      timeline.measure(phase, thread: thread, isDetail: true) { body(workers[thread], stripe) }
    }
  }

  /// What the first walk adds up, for each stripe and session.
  private struct Sums {
    let references: Tensor
    let sums: UnsafeMutablePointer<Double>
  }

  /// Ends the first walk for a lane: leaves the normalisers of its sessions in it.
  /// - Returns: the sum of the sessions' losses.
  private func finish(_ lane: HeadLane, _ partial: Sums) -> Double {
    let sessions = partial.references.columns
    return (0..<lane.targetCount).reduce(0.0) { loss, session in
      let places = stripes.indices.map { $0 * sessions + lane.first + session }
      let reference = places.reduce(-Float.infinity) { max($0, partial.references.base[$1]) }
      let sum = places.reduce(0.0) {
        $0 + partial.sums[$1] * exp2(Double(partial.references.base[$1] - reference))
      }
      let normaliser = Tensor.log2Normaliser(reference: reference, sum: sum)
      lane.log2Normalisers.base[session] = Float(normaliser)
      return loss + normaliser * M_LN2 - Double(lane.targetLogits.base[session])
    }
  }
}
