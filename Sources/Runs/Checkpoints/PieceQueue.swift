import Foundation
import Tensors

/// Pieces of tables on their way from the main thread, which alone talks to other ranks, to the thread that writes them;
/// and what the main thread knows of the other.
///
/// Unchecked: `condition` guards whatever changes, and a piece's elements are the writer's alone from when it is put until
/// it is written.
package final class PieceQueue: @unchecked Sendable {
  package struct Piece {
    let elements: UnsafeBufferPointer<Float>
    /// Where the elements are if they came from another rank: used again once they are written.
    let room: FloatStorage?

    package init(elements: UnsafeBufferPointer<Float>, room: FloatStorage?) {
      self.elements = elements
      self.room = room
    }
  }

  /// How far the writer is.
  package struct Status {
    /// Pieces that it has written, and that wait for it.
    package var written = 0
    package var waiting = 0
    /// Pieces of other ranks that there is room for.
    package var rooms = PieceQueue.mostRooms
    /// The processor's time that the writer took, in seconds.
    package var seconds = 0.0
    /// How the writing ended; nil while it goes on.
    package var outcome: Result<Void, any Error>?
  }

  /// Pieces of other ranks that are held at most, 64 MiB: a network fills them between two steps, and the writer has the
  /// time of a step to empty them.
  package static let mostRooms = 256

  private let condition = NSCondition()
  private var pieces: [Piece] = []
  /// Made as they are needed: those of short steps are few.
  private var idleRooms: [FloatStorage] = []
  private var current = Status()
  private var isCancelled = false

  package init() {}

  // MARK: The main thread's

  package var status: Status { condition.withLock { current } }

  /// Room for a piece of another rank, once there is any.
  package func takeRoom() -> FloatStorage {
    condition.withLock {
      // Nobody makes room where nothing is written any more.
      while current.rooms <= 0, current.outcome == nil { condition.wait() }
      current.rooms -= 1
      return idleRooms.popLast() ?? FloatStorage(count: SnapshotPieces.pieceCount)
    }
  }

  package func put(_ more: [Piece]) {
    condition.withLock {
      pieces += more
      current.waiting += more.count
      condition.broadcast()
    }
  }

  /// Asks the writer to leave off.
  package func cancel() {
    condition.withLock {
      isCancelled = true
      condition.broadcast()
    }
  }

  package func waitForEnd() -> Result<Void, any Error> {
    condition.withLock {
      while true {
        if let outcome = current.outcome { return outcome }
        condition.wait()
      }
    }
  }

  // MARK: The writer's

  /// Hands so many elements to `body` as they come.
  /// - Throws: `CancellationError`, or what `body` throws.
  package func stream(_ count: Int, to body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var left = count
    while left > 0 {
      let piece = try next()
      left -= piece.elements.count
      precondition(left >= 0, "a piece goes over the end of its table")
      try body(UnsafeRawBufferPointer(piece.elements))
      didWrite(piece)
    }
  }

  /// - Throws: `CancellationError` where the writer was asked to leave off.
  package func requireWanted() throws {
    if condition.withLock({ isCancelled }) { throw CancellationError() }
  }

  package func end(_ outcome: Result<Void, any Error>) {
    condition.withLock {
      current.outcome = outcome
      condition.broadcast()
    }
  }

  private func next() throws -> Piece {
    try condition.withLock {
      while true {
        if isCancelled { throw CancellationError() }
        if !pieces.isEmpty { return pieces.removeFirst() }
        condition.wait()
      }
    }
  }

  private func didWrite(_ piece: Piece) {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    condition.withLock {
      if let room = piece.room {
        idleRooms.append(room)
        current.rooms += 1
      }
      current.waiting -= 1
      current.written += 1
      current.seconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
      condition.broadcast()
    }
  }
}
