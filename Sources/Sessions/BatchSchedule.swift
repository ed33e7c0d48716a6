import Randomness

/// Which rows a step trains on, sessions or prefixes of sessions: a pure function of the step, so that a run
/// can go on from any step on any number of ranks.
public struct BatchSchedule: Sendable {
  /// Rows in an epoch.
  public let rowCount: Int
  /// Rows in a global batch; the last batch of an epoch may be smaller.
  public let batchSize: Int
  private let seed: UInt64

  /// - Parameter seed: of the run; each epoch has an order of its own.
  /// - Precondition: `rowCount` and `batchSize` are above 0.
  public init(rowCount: Int, batchSize: Int, seed: UInt64) {
    precondition(rowCount > 0 && batchSize > 0, "an empty schedule")
    self.rowCount = rowCount
    self.batchSize = batchSize
    self.seed = seed
  }

  /// Steps in an epoch.
  public var stepsPerEpoch: Int { (rowCount + batchSize - 1) / batchSize }

  /// The epoch, from 0, that a step belongs to; steps count from 0 over all epochs.
  public func epoch(of step: Int) -> Int { step / stepsPerEpoch }

  /// The order of an epoch's rows: the one shuffled list that all ranks share.
  public func order(ofEpoch epoch: Int) -> [Int32] {
    var random = RandomStream(seed: seed, purpose: .shuffle, index: UInt64(epoch))
    return random.permutation(of: rowCount)
  }

  /// The places in the epoch's order that a step's batch takes.
  public func batch(of step: Int) -> Range<Int> {
    let first = step % stepsPerEpoch * batchSize
    return first..<min(first + batchSize, rowCount)
  }
}
