import Foundation
import MPI
import Storage

/// A trace of training steps over all ranks, in the format that Chrome's `about:tracing` and Perfetto open: a process
/// a rank, a row a thread, a box a phase.
package enum TraceFile {
  private struct Event: Encodable {
    let name: String
    let ph: String
    let pid: Int
    let tid: Int
    /// Microseconds.
    var ts: Double?
    var dur: Double?
    var args: [String: String]?
  }

  private struct Trace: Encodable {
    let traceEvents: [Event]
    let displayTimeUnit = "ms"
  }

  /// Gathers the ranks' spans and writes them on rank 0; collective.
  ///
  /// Clocks of different nodes do not agree: the ranks' times are laid on one another at the end of their first wait
  /// for the others, which all reach together.
  package static func write(_ spans: [Timeline.Span], to path: String, group: any ProcessGroup) throws {
    let phases = StepPhase.allCases
    let start = spans.first { $0.phase == .waiting }?.ended ?? spans.first?.began ?? 0
    let own: [Int64] = spans.flatMap { (span) -> [Int64] in
      [
        Int64(phases.firstIndex(of: span.phase)!), Int64(span.thread), span.isDetail ? 1 : 0,
        Int64(span.began) - Int64(start), Int64(span.ended - span.began),
      ]
    }
    let (all, counts) = try group.allGather(own)
    // Viewers drop what lies before zero.
    let earliest = stride(from: 3, to: all.count, by: 5).map { all[$0] }.min() ?? 0
    try group.together {
      guard group.rank == 0 else { return }
      var events: [Event] = [], next = 0
      for (rank, count) in counts.enumerated() {
        events.append(
          Event(name: "process_name", ph: "M", pid: rank, tid: 0, args: ["name": "rank \(rank)"]))
        for place in stride(from: next, to: next + count, by: 5) {
          let isDetail = all[place + 2] == 1
          let name = phases[Int(all[place])].rawValue.replacing("_", with: " ")
          events.append(
            Event(
              name: isDetail ? "\(name): stripe" : name, ph: "X", pid: rank, tid: Int(all[place + 1]),
              ts: Double(all[place + 3] - earliest) / 1000, dur: Double(all[place + 4]) / 1000))
        }
        next += count
      }
      try atomicWrite(try JSONEncoder().encode(Trace(traceEvents: events)), to: path)
    }
  }
}
