import MPI
import Testing

/// One process without MPI answers every call as a communicator of size 1 would.
@Suite struct SoloGroupTests {
  private let group = SoloGroup()

  @Test func collectivesKeepTheData() throws {
    var values: [Float] = [1, 2, 3]
    try group.broadcast(&values, from: 0)
    try group.maximum(&values)
    values.withUnsafeMutableBufferPointer { group.allGather(inPlace: $0, counts: [3]) }
    #expect(values == [1, 2, 3])
    var text = "Straße"
    try group.broadcast(&text, from: 0)
    #expect(text == "Straße")
  }

  @Test func blocksAreCopied() throws {
    let mine: [Int32] = [4, 5, 6]
    var gathered = [Int32](repeating: 0, count: 3)
    var scattered = gathered
    var exchanged = gathered
    try mine.withUnsafeBufferPointer { mine in
      try gathered.withUnsafeMutableBufferPointer { try group.gather(mine, counts: [3], into: $0, at: 0) }
      scattered.withUnsafeMutableBufferPointer { group.reduceScatter(mine, counts: [3], into: $0, .sum) }
      try exchanged.withUnsafeMutableBufferPointer {
        try group.allToAll(send: mine, counts: [3], receive: $0, counts: [3])
      }
    }
    #expect(gathered == mine)
    #expect(scattered == mine)
    #expect(exchanged == mine)
  }

  @Test func thereIsNoOtherRank() throws {
    var values: [Float] = [1]
    #expect(throws: MPIError.noSuchRank(1, size: 1)) { try group.broadcast(&values, from: 1) }
    #expect(throws: MPIError.noSuchRank(0, size: 1)) {
      try values.withUnsafeBufferPointer { try group.send($0, to: 0, tag: 1) }
    }
    #expect(group.split(color: nil, key: 0) == nil)
    #expect(group.split(color: 3, key: 0)?.size == 1)
  }

  @Test func aFailureKeepsItsOwnError() throws {
    struct Broken: Error, Equatable {}
    #expect(throws: Broken()) { try group.together { throw Broken() } }
    #expect(try group.together { 7 } == 7)
  }
}
