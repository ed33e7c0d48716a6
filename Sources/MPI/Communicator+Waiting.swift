import CMPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// How a rank waits: it looks again and again, so that it can give the core to others, and leave a wait that does not end.
extension Communicator {
  /// Starts a call and returns when it is done.
  func complete(_ call: StaticString, _ start: (UnsafeMutablePointer<cmpi_request>) -> Int32) throws(MPIError) {
    var request = cmpi_request()
    try check(start(&request), call)
    try wait(for: &request, of: call)
  }

  /// Returns when a request is done.
  /// - Throws: `MPIError.noAnswer` where that takes longer than `HangTimeout`.
  func wait(for request: inout cmpi_request, of call: StaticString) throws(MPIError) {
    var isDone: Int32 = 0
    for _ in 0..<Patience.looksAtOnce {
      try check(cmpi_test(&request, &isDone), call)
      if isDone != 0 { return }
    }
    var patience = Patience(self)
    repeat {
      try patience.pause()
      try check(cmpi_test(&request, &isDone), call)
    } while isDone == 0
    timeWaited += patience.passed
  }
}

/// What a rank does between two looks at what it waits for.
private struct Patience {
  /// A few microseconds, in which most messages between sound ranks come.
  static let looksAtOnce = 30
  /// From when on waiting is worth a pause of the core: it costs a message that takes this long 50 µs, and a rank that
  /// shares the core gets it whole.
  private static let restsAfter = Duration.milliseconds(20)
  private static let looksForOthersEvery = Duration.milliseconds(100)
  /// For those who wait to answer: each looks ten times in it.
  private static let timeToAnswer = Duration.seconds(2)

  private let group: Communicator
  private let began = ContinuousClock.now
  private var nextLook = Self.restsAfter
  private var asked: Duration?

  init(_ group: Communicator) { self.group = group }

  var passed: Duration { ContinuousClock.now - began }

  mutating func pause() throws(MPIError) {
    let waited = passed
    guard waited >= Self.restsAfter else {
      // Ranks may share a core.
      sched_yield()
      return
    }
    // What passes through a socket meanwhile finds room in it.
    usleep(waited < .seconds(10) ? 50 : 500)
    guard waited >= nextLook else { return }
    nextLook = waited + Self.looksForOthersEvery
    try group.rollCall.listen()
    if let asked {
      guard waited >= asked + Self.timeToAnswer else { return }
      throw .noAnswer(try group.rollCall.silence(in: group.handle, size: group.size, waited: waited))
    }
    if waited >= HangTimeout.current {
      try group.rollCall.ask()
      asked = waited
    }
  }
}
