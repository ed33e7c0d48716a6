import Dispatch
import Synchronization

/// What the time of a training step goes into.
package enum StepPhase: String, CaseIterable, Codable, Sendable {
  /// From the sessions' items to their vectors.
  case encode
  /// The catalogue's first walk: the normalisers, hence the losses.
  case headForward = "head_forward"
  /// Its second walk: the gradients of the sessions and of the table. Sampled losses have all of theirs here.
  case headBackward = "head_backward"
  /// From the vectors' gradients back to those of the weights.
  case encodeBackward = "encode_backward"
  /// For the slowest rank. Kept apart from the exchange, where it would otherwise show, when times are recorded.
  case waiting
  case exchange
  case optimizer
  /// Between two steps: looking at weights and copying them for a checkpoint, handing over pieces of one that is being
  /// written, or waiting until it is.
  case checkpoint

  /// Those that every step has.
  package static let ofStep = allCases.filter { $0 != .checkpoint }
}

/// Records which phases of the training steps ran when, on which thread of this rank.
package final class Timeline: Sendable {
  /// A phase, or a part of one.
  package struct Span: Sendable {
    package let phase: StepPhase
    /// The thread of the rank, from 0.
    package let thread: Int
    /// Whether it is a part of a span of the same phase on thread 0.
    package let isDetail: Bool
    /// Nanoseconds of the machine's monotonic clock.
    package let began: UInt64
    package let ended: UInt64
  }

  /// Records nothing, ever.
  package static let off = Timeline(isRecording: false)

  private let recording: Atomic<Bool>
  private let spans = Mutex<[Span]>([])

  package init(isRecording: Bool = true) { recording = Atomic(isRecording) }

  /// Whether spans are recorded; switched between steps.
  package var isRecording: Bool {
    get { recording.load(ordering: .relaxed) }
    set { recording.store(newValue, ordering: .relaxed) }
  }

  /// Runs `body`, and records how long it took.
  package func measure<Result, Failure: Error>(
    _ phase: StepPhase, thread: Int = 0, isDetail: Bool = false, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard isRecording else { return try body() }
    let began = DispatchTime.now().uptimeNanoseconds
    let result = try body()
    let ended = DispatchTime.now().uptimeNanoseconds
    spans.withLock {
      $0.append(Span(phase: phase, thread: thread, isDetail: isDetail, began: began, ended: ended))
    }
    return result
  }

  /// What was recorded since the last call.
  package func take() -> [Span] {
    spans.withLock { spans in
      defer { spans.removeAll(keepingCapacity: true) }
      return spans
    }
  }
}
