import Foundation
import Runs
import Testing

/// What decides how a checkpoint is written while training goes on: which pieces, how many at a time.
struct BackgroundSaveTests {
  @Test func piecesGoThroughTheTablesRankByRank() {
    let pieces = Array(SnapshotPieces(counts: [[5, 0, 3], [4, 2, 0]], pieceCount: 4))
    let expected = [(0, 0, 0..<4), (0, 0, 4..<5), (0, 2, 0..<3), (1, 0, 0..<4), (1, 1, 0..<2)]
    #expect(pieces.map(\.table) == expected.map(\.0) && pieces.map(\.owner) == expected.map(\.1))
    #expect(pieces.map(\.elements) == expected.map(\.2))
    #expect(SnapshotPieces(counts: []).isAtEnd && SnapshotPieces(counts: [[0], [0]]).isAtEnd)
    var rest = SnapshotPieces(counts: [[0, 7]])
    #expect(!rest.isAtEnd)
    _ = rest.next()
    #expect(rest.isAtEnd)
  }

  private func budget(
    elapsed: Double, moving: Double = 0, writing: Double = 0, written: Int = 0, waiting: Int = 0
  ) -> Int {
    var budget = WritingBudget(elapsed: elapsed)
    (budget.moving, budget.writing) = (moving, writing)
    (budget.written, budget.waiting) = (written, waiting)
    return budget.pieces
  }

  /// In 50 seconds of training, 1 for the checkpoint.
  @Test func piecesCostASmallShareOfTheTime() {
    #expect(budget(elapsed: 0.01) == 0 && budget(elapsed: 0.06) == 1)
    // 0.01 s a piece: 0.004 to move, 0.006 to write.
    #expect((49...50).contains(budget(elapsed: 50, moving: 0.2, writing: 0.3, written: 50)))
    #expect(budget(elapsed: 50, moving: 0.2, writing: 0.15, written: 25, waiting: 25) < 50)
    #expect(budget(elapsed: 50, moving: 0.4, writing: 0.6, written: 100) == 0)
    #expect(budget(elapsed: 1e6, written: 100) == 4096)
  }

  @Test func aSnapshotNeedsMemoryOfProcessAndNode() {
    let memory = SnapshotMemory(own: 10, ofNode: 30)
    #expect(memory.fits(ofProcess: nil, ofNode: nil) && memory.fits(ofProcess: 10, ofNode: 30))
    #expect(!memory.fits(ofProcess: 9, ofNode: nil) && !memory.fits(ofProcess: nil, ofNode: 29))
  }

  /// The writer's end of the queue on a thread of its own.
  private func write(_ count: Int, _ queue: PieceQueue, to body: @escaping @Sendable (Int) throws -> Void = { _ in }) {
    let thread = Thread { queue.end(Result { try queue.stream(count) { try body($0.count / 4) } }) }
    thread.start()
  }

  @Test func aQueueWaitsForPiecesAndForRooms() throws {
    let queue = PieceQueue(), pieces = 3 * PieceQueue.mostRooms
    write(pieces * 2, queue)
    for _ in 0..<pieces {
      let room = queue.takeRoom()
      queue.put([PieceQueue.Piece(elements: UnsafeBufferPointer(rebasing: room.elements[..<2]), room: room)])
      #expect(queue.status.rooms >= 0)
    }
    try queue.waitForEnd().get()
    let status = queue.status
    #expect(status.written == pieces && status.waiting == 0 && status.rooms == PieceQueue.mostRooms)
  }

  /// A writer that waits leaves off when it is asked to; where it has failed nobody waits for room any more.
  @Test func aQueueEndsWhenItIsCancelledOrFails() {
    let cancelled = PieceQueue()
    write(1, cancelled)
    cancelled.cancel()
    #expect(throws: CancellationError.self) { try cancelled.waitForEnd().get() }
    #expect(throws: CancellationError.self) { try cancelled.requireWanted() }

    let failing = PieceQueue()
    write(1, failing) { _ in throw CocoaError(.fileWriteOutOfSpace) }
    for _ in 0..<PieceQueue.mostRooms + 3 {
      let room = failing.takeRoom()
      failing.put([PieceQueue.Piece(elements: UnsafeBufferPointer(rebasing: room.elements[..<1]), room: room)])
    }
    #expect(throws: CocoaError.self) { try failing.waitForEnd().get() }
  }
}
