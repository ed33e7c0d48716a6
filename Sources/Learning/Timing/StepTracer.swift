import MPI

/// Records a few steps of a run, once it is warm, and writes a trace of them.
package final class StepTracer {
  /// Steps that pass first where there are enough, and steps that are recorded.
  private var warmup = 3
  private static let recorded = 5

  package let timeline = Timeline(isRecording: false)
  private let path: String
  private let group: any ProcessGroup
  private var steps = 0
  private var isWritten = false

  /// - Parameter path: of the trace, on rank 0's host.
  package init(path: String, group: any ProcessGroup) {
    self.path = path
    self.group = group
  }

  /// Call before the first step.
  /// - Parameter steps: how many there will be; of few, those after the first are recorded.
  package func begin(steps: Int) { warmup = max(0, min(warmup, steps - 1)) }

  /// Call before every step, on all ranks.
  package func willStep() throws {
    if steps == warmup { timeline.isRecording = true }
    if steps == warmup + Self.recorded { try finish() }
    steps += 1
  }

  /// Writes what was recorded, if that is not done yet; collective.
  package func finish() throws {
    guard !isWritten else { return }
    isWritten = true
    timeline.isRecording = false
    try TraceFile.write(timeline.take(), to: path, group: group)
  }
}
