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
}
