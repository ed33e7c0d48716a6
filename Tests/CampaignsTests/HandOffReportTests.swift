import Campaigns
import Foundation
import Testing

/// The table of a hand-off, from its JSON.
@Suite struct HandOffReportTests {
  private typealias Figures = (locale: String, sessions: Int, recall: Double, mrr: Double)

  private func figures(_ values: [Figures]) -> String {
    let sessions = values.reduce(0) { $0 + $1.sessions }
    func metrics(_ recall: Double, _ mrr: Double) -> String { "{\"recall@100\": \(recall), \"mrr@100\": \(mrr)}" }
    func mean(_ value: (Int) -> Double) -> Double {
      values.indices.reduce(0) { $0 + value($1) * Double(values[$1].sessions) } / Double(sessions)
    }
    let locales = values.map { "\"\($0.locale)\": \(metrics($0.recall, $0.mrr))" }.joined(separator: ",")
    let counts = values.map { "\"\($0.locale)\": \($0.sessions)" }.joined(separator: ",")
    let all = metrics(mean { values[$0].recall }, mean { values[$0].mrr })
    return """
      {"split": "test", "sessions": \(sessions), "all": \(all), "locales": {\(locales)}, "locale_sessions": {\(counts)}}
      """
  }

  private func row(_ name: String, _ locales: [String], _ legs: [String]) -> String {
    """
    {"name": "\(name)", "locales": \(locales), "train_sessions": 10, \(legs.joined(separator: ",")), "options": {},
    "fine_tuning": {"steps": 1, "epochs": 1, "stopped_early": false, "model": "00"}}
    """
  }

  @Test func everyModelHasALineAndTheMeanCountsSessions() throws {
    let rows = [
      row(
        "ES", ["ES"],
        [
          "\"zero_shot\": " + figures([("ES", 1, 0.1, 0.01)]),
          "\"fine_tuned\": " + figures([("ES", 1, 0.2, 0.02)]),
        ]),
      row(
        "FR", ["FR"],
        [
          "\"zero_shot\": " + figures([("FR", 3, 0.5, 0.05)]),
          "\"fine_tuned\": " + figures([("FR", 3, 0.6, 0.06)]),
        ]),
      row("IT", ["IT"], ["\"scratch\": null"]),
      row(
        "joint", ["ES", "FR"],
        [
          "\"zero_shot\": " + figures([("ES", 1, 0.1, 0.01), ("FR", 3, 0.5, 0.05)]),
          "\"fine_tuned\": " + figures([("ES", 1, 0.3, 0.03), ("FR", 3, 0.7, 0.07)]),
          "\"scratch\": " + figures([("ES", 1, 0.9, 0.09), ("FR", 3, 0.5, 0.01)]),
        ]),
    ]
    let text = """
      {"checkpoint": "00", "mode": "both", "candidates": "locale", "split": "test",
      "rows": [\(rows.joined(separator: ","))]}
      """
    let report = try JSONDecoder().decode(HandOffReport.self, from: Data(text.utf8))
    let lines = report.table.split(separator: "\n").map { line in
      line.split(separator: "  ", omittingEmptySubsequences: true).map { $0.trimmingCharacters(in: .whitespaces) }
        .filter { !$0.isEmpty }.joined(separator: "|")
    }
    #expect(
      lines == [
        "zero-shot|fine-tuned|scratch",
        "model|sessions|Recall@100|MRR@100|Recall@100|MRR@100|Recall@100|MRR@100",
        "ES|1|0.1000|0.0100|0.2000|0.0200|-|-",
        "FR|3|0.5000|0.0500|0.6000|0.0600|-|-",
        "IT|-|-|-|-|-|-|-",
        "all|4|0.4000|0.0400|0.5000|0.0500|-|-",
        "joint ES|1|0.1000|0.0100|0.3000|0.0300|0.9000|0.0900",
        "joint FR|3|0.5000|0.0500|0.7000|0.0700|0.5000|0.0100",
        "joint|4|0.4000|0.0400|0.6000|0.0600|0.6000|0.0300",
      ])
  }

  /// Of many models the largest have lines; JSON has all.
  @Test func ofManyModelsTheLargestHaveLines() throws {
    let rows = (0..<15).map { number in
      row("s\(number)", ["s\(number)"], ["\"zero_shot\": " + figures([("s\(number)", 1 + number, 0.5, 0.05)])])
    }
    let text = """
      {"checkpoint": "00", "mode": "each", "candidates": "all", "split": "test", "rows": [\(rows.joined(separator: ","))]}
      """
    let report = try JSONDecoder().decode(HandOffReport.self, from: Data(text.utf8))
    let lines = report.table.split(separator: "\n").map { $0.split(separator: " ").first.map(String.init) }
    #expect(
      lines.dropFirst(2) == ["s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "3", "all"])
    #expect(report.rows.count == 15)
  }

  /// Usual names are folders as they are; no two names share one, and none is that of something else.
  @Test func localesHaveFoldersOfTheirOwn() {
    for name in ["ES", "de-AT", "shop_3", "a.b"] { #expect(HandOffTask.folderName(ofLocale: name) == name) }
    let odd = [
      "joint", "checkpoints", "ES-scratch", "..", "-x", ".hidden", "handoff.json", "log.txt", "日本", "日木", "a/b", "a:b",
      "a-b-0123456789abcdef",
    ]
    let folders = odd.map { HandOffTask.folderName(ofLocale: $0) }
    #expect(Set(folders + odd).count == 2 * odd.count)
    for folder in folders {
      #expect(folder.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
      #expect(!folder.hasPrefix(".") && !folder.hasPrefix("-"))
      #expect(HandOffTask.folderName(ofLocale: folder) != folder)
    }
  }
}
