import Foundation
import Learning
import MPI
import Sessions
import Storage

/// A checkpoint that is written while training goes on.
///
/// It is copied between two steps. After that the ranks hand their parts to rank 0 between later steps, a few pieces at a
/// time, and a thread of rank 0 writes them: MPI is for the main thread alone. Every rank has its side of it.
package final class BackgroundSave {
  package let state: CheckpointState

  private let group: any ProcessGroup
  private var pieces: SnapshotPieces
  /// Until this rank has handed over all that it has; on rank 0, which writes from it, until the end.
  private var snapshot: TrainerSnapshot?
  /// Of rank 0.
  private let queue: PieceQueue?
  private let began: ContinuousClock.Instant
  private var moving = Duration.zero

  /// Takes the snapshot.
  /// - Parameters:
  ///   - state: without files, which are listed as they are written.
  ///   - folder: appears whole, or not at all.
  ///   - place: on rank 0, the run's folder, which must stay where it is.
  package init(
    _ training: Trainer, _ state: CheckpointState, items: ItemCatalog, to folder: String, in place: FolderIdentity?
  ) {
    self.state = state
    group = training.group
    let snapshot = TrainerSnapshot(training, state, items: items, isCopy: true)
    pieces = SnapshotPieces(counts: snapshot.tables.map(\.counts))
    self.snapshot = snapshot
    queue = group.rank == 0 ? PieceQueue() : nil
    if let queue {
      // It is a copy that nobody changes, and outlives the thread, which holds it.
      nonisolated(unsafe) let snapshot = snapshot
      let thread = Thread { queue.end(Result { try snapshot.write(to: folder, in: place, from: queue) }) }
      thread.name = "checkpoint"
      thread.start()
    }
    began = .now
  }

  // MARK: What rank 0 tells the others

  /// Whether all is written, or writing has failed.
  package var hasEnded: Bool { queue?.status.outcome != nil }

  /// How many pieces are to be moved now: as many as training has time and the queue has room for.
  var affordablePieces: Int {
    guard let queue else { return 0 }
    let status = queue.status
    var budget = WritingBudget(elapsed: (ContinuousClock.now - began) / .seconds(1))
    (budget.moving, budget.writing) = (moving / .seconds(1), status.seconds)
    (budget.written, budget.waiting) = (status.written, status.waiting)
    let most = budget.pieces
    var ahead = pieces, count = 0, rooms = status.rooms
    while count < most, let piece = ahead.next() {
      if piece.owner != group.rank { rooms -= 1 }
      if rooms < 0 { break }
      count += 1
    }
    return count
  }

  // MARK: What all ranks do

  /// Hands the next pieces to the writer; collective.
  package func move(_ count: Int) throws(MPIError) {
    guard count > 0, let tables = snapshot?.tables else { return }
    let start = ContinuousClock.now
    var transfers: [Transfer] = [], arriving: [PieceQueue.Piece] = []
    for piece in pieces.take(count) {
      let own = tables[piece.table].own
      if piece.owner == group.rank {
        let elements = UnsafeBufferPointer(rebasing: own[piece.elements])
        if queue == nil { transfers.append(.send(elements, to: 0)) }
        arriving.append(PieceQueue.Piece(elements: elements, room: nil))
      } else if let room = queue?.takeRoom() {
        let elements = UnsafeMutableBufferPointer(rebasing: room.elements[..<piece.elements.count])
        transfers.append(.receive(into: elements, from: piece.owner))
        arriving.append(PieceQueue.Piece(elements: UnsafeBufferPointer(elements), room: room))
      }
    }
    try group.exchange(transfers)
    queue?.put(arriving)
    if queue == nil, pieces.isAtEnd { snapshot = nil }
    moving += ContinuousClock.now - start
  }

  /// Waits until all is written; collective.
  /// - Throws: what `conclude` throws.
  package func finish() throws {
    // One at a time, for the writer may have no room for more.
    while !pieces.isAtEnd { try move(1) }
    try conclude()
  }

  /// Takes note of the end; collective.
  /// - Throws: on rank 0 what made writing fail, on the others `MPIError.peerFailed`.
  package func conclude() throws { try group.together { try queue?.waitForEnd().get() } }

  /// Leaves off: the folder does not appear, unless it is there already. Each rank by itself.
  package func cancel() {
    queue?.cancel()
    // When this returns nothing is left of it, in the run's folder or in memory.
    _ = queue?.waitForEnd()
    snapshot = nil
  }
}

extension SnapshotPieces {
  /// The next ones.
  fileprivate mutating func take(_ count: Int) -> [Piece] {
    var taken: [Piece] = []
    while taken.count < count, let piece = next() { taken.append(piece) }
    return taken
  }
}

extension TrainerSnapshot {
  /// What the thread that writes does.
  fileprivate func write(to folder: String, in place: FolderIdentity?, from queue: PieceQueue) throws {
    try place.write {
      try write(
        to: folder,
        requireWanted: {
          try queue.requireWanted()
          try place?.requireSame()
        }
      ) { table, body in
        try queue.stream(table.counts.reduce(0, +), to: body)
      }
    }
  }
}
