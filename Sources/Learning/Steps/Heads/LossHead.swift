import MPI
import Sessions
import Tensors

/// What a head needs to know of a step.
package struct HeadStep {
  /// How many steps came before.
  let number: Int
  /// Of the global batch.
  let targets: BatchTargets
  /// The rows of all clicks of the global batch, in any order; none for the loss over the whole catalogue, which does not
  /// ask for them.
  let clicks: [Int32]
  /// Where dropout on rows of the item table is addressed.
  let randomness: DropoutKey
  /// What a target's loss counts for in the gradients: 1 / (targets in the global batch).
  var scale: Float { 1 / Float(targets.rows.count) }

  package init(number: Int, targets: BatchTargets, clicks: [Int32], randomness: DropoutKey) {
    self.number = number
    self.targets = targets
    self.clicks = clicks
    self.randomness = randomness
  }
}

/// A loss over session vectors and rows of the item table, on all ranks of a group; every call is collective.
///
/// A step asks for the rows that are to be fetched, then for the gradients of the sessions, and once the encoder has run
/// backwards for that of the table.
package protocol LossHead: AnyObject {
  /// The rows of the table that this rank needs, in any order.
  func rows(for step: HeadStep) -> [Int32]

  /// - Parameters:
  ///   - vectors: of this rank's lanes, one for each target: `[targets, D]`.
  ///   - rows: holds `rows(for:)`.
  /// - Returns: the sum of all targets' losses, in nats, the same on every rank, and d(loss)/d(vectors), which lasts
  ///   until the next step.
  func sessionGradients(
    of vectors: Tensor, _ step: HeadStep, rows: TableRows
  ) throws(MPIError) -> (loss: Double, gradients: Tensor)

  /// The rows of the table that the present step updates, rising and the same on every rank; nil for all rows.
  var touchedRows: [Int32]? { get }

  /// The gradient of this rank's rows of the table, added up over the batch; it lasts until the next step.
  /// - Parameter lookups: what came back through rows that were looked up.
  func tableGradient(_ step: HeadStep, _ lookups: LookupGradients) throws(MPIError) -> RowGradients

  /// The same piece by piece, in any order; a head may keep no more than the pieces that are being worked on.
  /// - Parameter body: gets the number of the thread and the piece.
  func forEachTableGradient(
    _ step: HeadStep, _ lookups: LookupGradients, _ body: (_ thread: Int, RowGradients) -> Void) throws(MPIError)
}

extension LossHead {
  package var touchedRows: [Int32]? { nil }
}
