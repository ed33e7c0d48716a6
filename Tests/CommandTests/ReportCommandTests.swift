import Foundation
import TestSupport
import Testing

/// `caravan report`: pages about everything that the other commands leave behind, also as a browser shows them.
@Suite(.serialized) final class ReportCommandTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 2000, items: 300)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  @discardableResult
  private func caravan(_ arguments: [String], ranks: Int? = nil) throws -> MPIRun.Outcome {
    let outcome = try CaravanCommand.run(arguments, ranks: ranks)
    try #require(outcome.status == 0, "\(arguments): \(outcome.stderr)")
    return outcome
  }

  private func train(_ run: String, ranks: Int? = nil, _ more: [String] = []) throws {
    try caravan(
      ["train", "--dataset", dataset, "--model", "STAMP", "--batch-size", "64", "--embedding-size", "16"]
        + ["--epochs", "2", "--log-every", "5", "--out", "\(folder)/\(run)"] + more, ranks: ranks)
  }

  private func report(_ arguments: [String], to name: String = "report.html") throws -> MPIRun.Outcome {
    try CaravanCommand.run(["report"] + arguments + ["--out", "\(folder)/\(name)"])
  }

  private func page(_ name: String = "report.html") throws -> String {
    try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
  }

  /// One of each: runs, a hand-off, a sweep, an evaluation, measurements of two numbers of ranks, a certificate.
  private func makeAll() throws -> [String] {
    try train("one")
    try train("two <b>&\"'", ranks: 2, ["--lr", "0.01"])
    try caravan(
      ["finetune", "--dataset", dataset, "--checkpoint", folder + "/one", "--locales", "ES,FR", "--epochs", "2"]
        + ["--batch-size", "32", "--scratch", "--out", folder + "/hand-off"])
    try """
    options: {model: STAMP, batch_size: 64, embedding_size: 16, epochs: 1}
    grid: {lr: [0.001, 0.01], lanes: [8, 6]}
    """.write(toFile: folder + "/sweep.yaml", atomically: true, encoding: .utf8)
    try caravan(["sweep", folder + "/sweep.yaml", "--set", "dataset=\(dataset)", "--out", folder + "/sweep"])
    try caravan(
      ["evaluate", "--dataset", dataset, "--checkpoint", folder + "/one", "--popularity-buckets"]
        + ["--json", folder + "/figures.json"])
    for ranks in [1, 2] {
      try caravan(
        ["bench", "--model", "STAMP", "--items", "500", "--batch-size", "64", "--steps", "2"]
          + ["--json", folder + "/bench\(ranks).json"], ranks: ranks)
    }
    try caravan(
      ["certify", "--dataset", dataset, "--config", folder + "/one/config.yaml", "--ranks", "1", "--threads", "1"]
        + ["--layouts", "replicated", "--steps", "3", "--work", folder + "/work"]
        + ["--out", folder + "/certificate.json"])
    return [folder + "/one", folder + "/two <b>&\"'", folder + "/hand-off", folder + "/sweep"]
      + ["--bench", folder + "/bench1.json", folder + "/bench2.json"]
      + ["--certificate", folder + "/certificate.json", "--evaluation", folder + "/figures.json"]
  }

  @Test func everythingIsOnOnePage() throws {
    let everything = try makeAll()
    let made = try report(everything)
    #expect(made.status == 0 && made.stdout.contains("report.html"), "\(made.stderr)")
    let html = try page()
    #expect(html.utf8.count < 1_000_000)
    for heading in [
      "Training of 2 runs", "Hand-off: hand-off", "Sweep: sweep", "Evaluation", "Measurements",
      "Certificate: certificate",
      "Run: one", "Run: two &lt;b&gt;&amp;&quot;&#39;",
    ] {
      #expect(html.contains("<h2>\(heading)</h2>"), "\(heading)")
    }
    for chart in [
      "Training loss by step", "Training loss by epoch", "Valid recall@100 by epoch", "Valid mrr@100 by epoch",
      "Learning rate by step", "Speed by step", "Waiting by step", "Valid mrr@100 by locale, best epochs",
      "Valid recall@100 by locale and epoch", "Valid mrr@100 while fine-tuning", "lr: mrr@100 of each job",
      "recall@100 by locale", "Where a step&#39;s time goes", "Speed by ranks", "Memory of the rank that has most",
    ] {
      #expect(html.contains("<figcaption>\(chart)</figcaption>"), "\(chart)")
    }
    for words in [
      "lr mattered most", "Jobs that failed", "zero-shot recall@100", "scratch mrr@100", "head backward",
      "The same bytes in all 3 runs.", "embedding_size: 16", "STAMP on 1 rank, 8 lanes", "caravan train --dataset",
      "by how often targets occur in training", "instruction set",
    ] {
      #expect(html.contains(words), "\(words)")
    }
    // Nothing from elsewhere, no script, and the same results are the same bytes.
    for stranger in ["<script", "http:", "https:", "url(", "@import", "<b>"] {
      #expect(!html.contains(stranger), "\(stranger)")
    }
    #expect(try report(everything, to: "again.html").status == 0)
    #expect(try page("again.html") == html)
    try open(html)
  }

  /// Measures the page in a browser: on a computer and on a phone, in both schemes.
  private func open(_ html: String) throws {
    guard let executable = Browser.executable else {
      print("skipped: no Chromium here to open the report with (apt-get install chromium)")
      return
    }
    let script = """
      const charts = [...document.querySelectorAll("svg.chart")];
      const bare = charts.filter(chart => [".x-title", ".y-title", "title"].some(part => {
        const found = chart.querySelector(part);
        return !found || !found.textContent.trim();
      }));
      const cut = charts.filter(chart => {
        const frame = chart.getBoundingClientRect();
        return [...chart.querySelectorAll("text")].some(text => {
          const box = text.getBoundingClientRect();
          return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
        });
      }).map(chart => chart.getAttribute("aria-label"));
      document.querySelectorAll("details").forEach(folded => { folded.open = true; });
      const root = document.documentElement;
      return JSON.stringify({ charts: charts.length, bare: bare.length, cut: cut,
        wide: root.scrollWidth - root.clientWidth, dark: getComputedStyle(document.body).backgroundColor });
      """
    for width in [1280, 390] {
      for isDark in [false, true] {
        let answer = try Browser.answer(
          of: html, to: script, width: width, isDark: isDark, executable: executable, folder: folder)
        let facts = try #require(try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any])
        let place = "\(width) wide, \(isDark ? "dark" : "light"): \(answer)"
        #expect(facts["charts"] as? Int ?? 0 > 15 && facts["bare"] as? Int == 0, "\(place)")
        #expect((facts["cut"] as? [String])?.isEmpty ?? false, "\(place)")
        #expect(facts["wide"] as? Int ?? 1 <= 0, "\(place)")
        #expect((facts["dark"] as? String == "rgb(255, 255, 255)") != isDark, "\(place)")
      }
    }
  }

  @Test func aFileIsReplacedByForceAlone() throws {
    try train("one")
    #expect(try report([folder + "/one"]).status == 0)
    let refused = try report([folder + "/one"])
    #expect(refused.status == 1 && refused.stderr.contains("report.html exists already"), "\(refused.stderr)")
    #expect(try report([folder + "/one", "--force"]).status == 0)
    let inside = try report([folder + "/one", "--force"], to: "one/metrics.jsonl")
    #expect(inside.status == 64 && inside.stderr.contains("must end in .html"), "\(inside.stderr)")
  }

  /// A run that has begun, one that counts, a damaged checkpoint, a journal that is cut off: what there is is shown.
  @Test func whatThereIsIsShown() throws {
    try train("short", ["--max-steps", "7", "--epochs", "2"])
    try caravan(["train", "--dataset", dataset, "--model", "COUNTS", "--out", folder + "/counts"])
    try train("damaged")
    for step in try FileManager.default.contentsOfDirectory(atPath: folder + "/damaged/checkpoints")
    where step.hasPrefix("step-") {
      try "{".write(toFile: "\(folder)/damaged/checkpoints/\(step)/state.json", atomically: true, encoding: .utf8)
    }
    let journal = folder + "/damaged/metrics.jsonl"
    let text = try String(contentsOfFile: journal, encoding: .utf8)
    try (text.dropLast(30) + "\nnonsense\n").write(toFile: journal, atomically: true, encoding: .utf8)
    let made = try report(["short", "counts", "damaged"].map { folder + "/" + $0 })
    #expect(made.status == 0, "\(made.stderr)")
    let html = try page()
    #expect(html.contains("Its newest checkpoint cannot be read: "))
    #expect(html.contains("No epoch of it is done yet.") && html.contains("hop_items: 100"))
    #expect(html.contains("Training loss by step"))
  }

  @Test func whatIsNoResultIsToldInALine() throws {
    try "{}".write(toFile: folder + "/empty.json", atomically: true, encoding: .utf8)
    try FileManager.default.createDirectory(atPath: folder + "/sweep", withIntermediateDirectories: true)
    try "nonsense".write(toFile: folder + "/sweep/jobs.jsonl", atomically: true, encoding: .utf8)
    try FileManager.default.createDirectory(atPath: folder + "/hand", withIntermediateDirectories: true)
    try "{}".write(toFile: folder + "/hand/handoff.json", atomically: true, encoding: .utf8)
    for (arguments, words, status) in [
      ([], "name a folder of a run", 64), ([dataset], "is neither a run, nor a finished hand-off, nor a sweep", 1),
      ([folder + "/nothing"], "there is no folder", 1), ([folder + "/empty.json"], "there is no folder", 1),
      ([folder + "/sweep"], "jobs.jsonl is not what caravan sweep writes", 1),
      ([folder + "/hand"], "handoff.json is not what caravan finetune writes", 1),
      (["--bench", folder + "/empty.json"], "is not what caravan bench --json writes", 1),
      (["--bench", folder + "/nothing.json"], "cannot read", 1),
      (["--bench", folder + "/empty.json", dataset], "is not what caravan bench --json writes", 1),
      (["--bench", dataset], "folders of results stand before all options", 1),
      (["--evaluation", folder + "/empty.json"], "is not what caravan evaluate --json writes", 1),
      (["--certificate", folder + "/empty.json"], "is no certificate", 1),
    ] {
      let outcome = try report(arguments)
      #expect(outcome.status == Int32(status) && outcome.stderr.contains(words), "\(arguments): \(outcome.stderr)")
      #expect(outcome.stderr.split(separator: "\n").count == 1, "\(outcome.stderr)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/report.html"))
    }
  }
}
