import ArgumentParser
import Evaluation
import Foundation
import Sessions
import Text

struct InspectCommand: LeaderCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what a prepared data set holds: sessions, products and what locales share.",
    discussion: """
      Lengths are clicks of a session, the answer not counted, of all splits together. The second table has the \
      products that two locales have in common, also as a share of the products of the locale whose row it is.

      caravan inspect data
      """)

  @Argument(help: ArgumentHelp("The prepared data set.", valueName: "folder"))
  var dataset: String

  @Flag(help: "Print JSON instead of tables.")
  var json = false

  func run() throws {
    let inspection = DatasetInspection(try PreparedDataset(folder: dataset))
    if json { return print(String(decoding: try inspection.json(), as: UTF8.self), terminator: "") }
    print(inspection.text, terminator: "")
    if let log = inspection.log { print("\nread as \(log.description)") }
  }
}

extension DatasetInspection {
  /// Two tables: a line a locale, then what each shares with each. Without locales there is one line. Of many the largest
  /// have lines.
  fileprivate var text: String {
    let lengths = ["mean length", "median", "95 %", "longest"]
    guard let locales else {
      return alignedTable([[""] + splits.map(\.rawValue) + ["products"] + lengths, cells("all", all)])
    }
    let header = ["locale"] + splits.map(\.rawValue) + ["products", "shared"] + lengths
    let parts = largestNames.compactMap { name in locales[name].map { cells(name, $0) } }
    let shares = largestNames.map { row in [row] + largestNames.map { column in share(of: row, in: column) } }
    return alignedTable([header] + parts + others(locales) + [cells("all", all)])
      + "\n" + alignedTable([["in common"] + largestNames] + shares)
  }

  /// The line of the locales that have none of their own.
  private func others(_ locales: [String: Part]) -> [[String]] {
    let largest = Set(largestNames), others = names.filter { !largest.contains($0) }
    if others.isEmpty { return [] }
    let sessions = splits.map { split in others.reduce(0) { $0 + (locales[$1]?.sessions[split.rawValue] ?? 0) } }
    return [["\(others.count) more"] + sessions.map { "\($0)" }]
  }

  private func cells(_ name: String, _ part: Part) -> [String] {
    let lengths = part.lengths.map {
      [$0.mean.formatted(digits: 2), "\($0.median)", "\($0.percentile95)", "\($0.longest)"]
    }
    return [name] + splits.map { "\(part.sessions[$0.rawValue] ?? 0)" }
      + ["\(part.products)"] + (part.sharedProducts.map { ["\($0)"] } ?? []) + (lengths ?? ["-", "-", "-", "-"])
  }

  /// Such as `1204 (12.3 %)`.
  private func share(of row: String, in column: String) -> String {
    let common = overlap?[row]?[column] ?? 0, products = max(overlap?[row]?[row] ?? 0, 1)
    return "\(common) (\((100 * Double(common) / Double(products)).formatted(digits: 1)) %)"
  }
}
