import Foundation
import Randomness
import Runs

/// What a sweep's file says: a command, the options that all jobs have, and the search over others.
package struct SweepFile: Sendable {
  /// What is run, such as `train`.
  package let command: String
  /// The options that all jobs have, as text, by their names in a configuration file.
  package let fixed: [String: String]
  private let axes: [SweepAxis]
  private let search: Search

  /// How values are combined.
  enum Search: Equatable, Sendable {
    /// Every value with every other.
    case grid
    case random(samples: Int, seed: UInt64)
  }

  /// - Parameters:
  ///   - text: the YAML.
  ///   - path: what messages call it.
  ///   - settings: `option=value`, which outweigh the file's fixed options.
  /// - Throws: `SweepError.malformed`, `.badSetting`.
  package init(parsing text: String, path: String, settings: [String] = []) throws(SweepError) {
    let reader = try SweepReader(text, path: path)
    command = try reader.command()
    var fixed = try reader.fixedOptions()
    for setting in settings {
      let (name, value) = try Self.parse(setting: setting)
      fixed[name] = value
    }
    self.fixed = fixed
    (axes, search) = try reader.search()
    try Self.requireApart(axes, fixed: fixed, path: path)
    try requireFew(path: path)
  }

  /// The text of a sweep's file.
  /// - Throws: `SweepError.unreadable`.
  package static func read(_ path: String) throws(SweepError) -> String {
    do {
      return try YAMLText.read(path)
    } catch {
      throw .unreadable(path: path, reason: error.sentence)
    }
  }

  /// The jobs in the order in which they are begun, the first option of the file changing slowest. What comes out
  /// twice is there once.
  /// - Throws: `SweepError.sameName`.
  package func jobs() throws(SweepError) -> [SweepJob] {
    var jobs: [SweepJob] = []
    var known: [String: SweepJob] = [:]
    for varied in combinations {
      let job = SweepJob(varied: varied, fixed: fixed)
      if let other = known[job.name] {
        if other != job { throw .sameName(job.name) }
        continue
      }
      known[job.name] = job
      jobs.append(job)
    }
    return jobs
  }

  private var combinations: [[SweepOption]] {
    switch search {
    case .grid:
      axes.reduce([[]]) { combinations, axis in
        guard case .choices(let choices) = axis.values else { return combinations }
        return combinations.flatMap { combination in choices.map { combination + $0 } }
      }
    case .random(let samples, let seed):
      // A stream a sample: more samples leave the first ones as they are.
      (0..<samples).map { sample in
        var random = RandomStream(seed: seed, purpose: .search, index: UInt64(sample))
        return axes.flatMap { $0.draw(&random) }
      }
    }
  }

  /// The most jobs that a sweep may have: more were a slip, and would fill the memory before the first begins.
  private static let mostJobs = 100_000

  /// - Throws: `SweepError.malformed`.
  private func requireFew(path: String) throws(SweepError) {
    var count = 1
    switch search {
    case .random(let samples, _): count = samples
    case .grid:
      for axis in axes {
        guard case .choices(let choices) = axis.values else { continue }
        let (product, overflows) = count.multipliedReportingOverflow(by: choices.count)
        count = overflows ? .max : product
      }
    }
    if count <= Self.mostJobs { return }
    let number = count == .max ? "more than \(count)" : "\(count)"
    throw .malformed(path: path, reason: "it has \(number) jobs, of which at most \(Self.mostJobs) can be run")
  }

  private static func parse(setting: String) throws(SweepError) -> (name: String, value: String) {
    let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { throw .badSetting(setting) }
    return (String(parts[0].replacing("-", with: "_")), String(parts[1]))
  }

  /// No option may be set twice, and jobs are compared by one metric.
  private static func requireApart(
    _ axes: [SweepAxis], fixed: [String: String], path: String
  ) throws(SweepError) {
    var seen = Set(fixed.keys)
    for axis in axes {
      for option in axis.options.sorted() where !seen.insert(option).inserted {
        throw .malformed(
          path: path,
          reason: fixed[option] == nil
            ? "\(option) varies twice, the second time with \(axis.label)"
            : "\(option) varies, and all jobs have it by options or --set: leave it out of one")
      }
      if axis.options.contains("valid_metric") {
        throw .malformed(path: path, reason: "jobs are compared by valid_metric, which must be the same for all")
      }
    }
  }
}
