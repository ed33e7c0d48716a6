import Campaigns
import Evaluation
import Foundation
import Provenance
import Runs
import Storage
import Text

/// What some runs, hand-offs, sweeps and measurements came to, as one page of HTML that needs nothing else.
///
/// It reads results alone: no data set, no weights. The same results give the same bytes.
package struct Report {
  private let page: Page

  /// - Parameters:
  ///   - folders: of runs, hand-offs and sweeps; what is in each tells which it is.
  ///   - benches: files of `caravan bench --json`.
  ///   - certificates: files of `caravan certify --out`.
  ///   - evaluations: files of `caravan evaluate --json`.
  /// - Throws: `ReportError`, `StorageError`, `RunError`, `CertificateError` for the first that is not what it should be.
  package init(folders: [String], benches: [String], certificates: [String], evaluations: [String]) throws {
    let results = try folders.map { try ResultFolder(path: $0) }
    var runs: [RunReading] = [], campaigns: [Chapter] = []
    let names = Self.names(folders)
    for (name, result) in zip(names, results) {
      switch result {
      case .run(var run):
        run.name = name
        runs.append(run)
      case .handOff(let path, let report):
        campaigns.append(HandOffChapter(name: name, path: path, report: report).chapter)
      case .sweep(let path, let records):
        campaigns.append(SweepChapter(name: name, path: path, records: records).chapter)
      }
    }
    var chapters: [Chapter] = []
    if !runs.isEmpty { chapters.append(RunsChapter(runs: runs).chapter) }
    chapters += campaigns
    let figures = try evaluations.map {
      try readJSON(RankingMetrics.self, $0, writer: "caravan evaluate --json")
    }
    if !figures.isEmpty {
      chapters.append(EvaluationChapter(evaluations: Array(zip(Self.names(evaluations), figures))).chapter)
    }
    let measured = try benches.map { try readJSON(BenchReport.self, $0, writer: "caravan bench --json") }
    if !measured.isEmpty { chapters.append(BenchChapter(reports: Array(zip(Self.names(benches), measured))).chapter) }
    for (name, path) in zip(Self.names(certificates), certificates) {
      chapters.append(CertificateChapter(name: name, certificate: try Certificate(file: path)).chapter)
    }
    chapters += runs.map { RunChapter(run: $0).chapter }
    page = Page(
      title: "Caravan report", subtitle: Self.subtitle(names + Self.names(benches + certificates + evaluations)),
      maker: "Made by caravan report, version \(caravanVersion).", chapters: chapters)
  }

  /// The page, in UTF-8.
  package func html() throws -> Data { try PageTemplates.render(page) }

  /// What the paths are called: their last names, without the ending of JSON, where no two of them are the same.
  private static func names(_ paths: [String]) -> [String] {
    let short = paths.map { path in
      let name = lastName(of: URL(fileURLWithPath: path).standardizedFileURL.path)
      return name.hasSuffix(".json") && name.count > 5 ? String(name.dropLast(5)) : name
    }
    return zip(paths, short).map { path, name in short.count { $0 == name } > 1 ? path : name }
  }

  private static func subtitle(_ names: [String]) -> String {
    let shown = names.prefix(8).joined(separator: ", ")
    return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
  }
}
