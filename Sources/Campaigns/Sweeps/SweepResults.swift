import Evaluation
import Text

/// What the jobs of a sweep reached so far. The same text whatever the ranks and their groups were.
package struct SweepResults: Sendable {
  /// A job and how it ended.
  struct Entry: Sendable {
    let job: SweepJob
    let record: SweepRecord
  }

  /// Those that went well, the best first, of equals the earlier in the file.
  let done: [Entry]
  /// Those that failed, in the order of the file.
  let failed: [Entry]
  /// How many have not ended yet.
  package let jobsLeft: Int

  init(_ jobs: [SweepJob], _ records: [String: SweepRecord]) {
    let entries = jobs.compactMap { job in records[job.name].map { Entry(job: job, record: $0) } }
    func value(_ entry: Entry) -> Double { entry.record.figures.first?.value ?? -.infinity }
    failed = entries.filter { $0.record.error != nil }
    // The sort of the standard library keeps the order of equals, but does not promise to.
    done = entries.filter { $0.record.error == nil }.enumerated().sorted { left, right in
      (value(right.element), left.offset) < (value(left.element), right.offset)
    }.map(\.element)
    jobsLeft = jobs.count - entries.count
  }

  /// The sentence of the first job that failed, where none went well and none is left.
  var failureOfAll: (jobs: Int, first: String)? {
    guard done.isEmpty, jobsLeft == 0, let first = failed.first else { return nil }
    return (failed.count, first.record.error ?? "")
  }

  /// A line a job, the best first: its options and figures. Below those that failed, and of what.
  package var text: String {
    var text = ""
    if !done.isEmpty {
      let options = names(done.flatMap { $0.job.varied.map(\.name) })
      let figures = names(done.flatMap { $0.record.figures.map(\.name) })
      let rows = done.enumerated().map { place, entry in
        ["\(place + 1)"] + options.map { name in entry.job.varied.first { $0.name == name }?.text ?? "-" }
          + figures.map { name in
            entry.record.figures.first { $0.name == name }?.value.formatted(digits: 4) ?? "-"
          }
      }
      text += alignedTable([[""] + options + figures] + rows)
    }
    for entry in failed { text += "failed: \(entry.job.name): \(entry.record.error ?? "")\n" }
    if jobsLeft > 0 { text += "\(counted(jobsLeft, "job")) to do\n" }
    return text
  }

  /// Each name once, in the order of their first appearance.
  private func names(_ all: [String]) -> [String] {
    var seen: Set<String> = []
    return all.filter { seen.insert($0).inserted }
  }
}
