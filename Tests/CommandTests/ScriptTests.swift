import Foundation
import TestSupport
import Testing

/// The Python scripts beside `caravan`. They install what they need at first use: where that cannot be done, such as
/// without a network, there is nothing to test.
@Suite(.serialized) final class ScriptTests {
  private let folder: String

  init() throws { folder = try CaravanCommand.temporaryFolder() }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private static let scripts = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "scripts")

  private static func run(_ script: String, _ arguments: [String]) throws -> MPIRun.Outcome {
    try MPIRun.run(
      ranks: nil, executable: URL(fileURLWithPath: "/usr/bin/env"),
      arguments: ["python3", scripts.appending(path: script).path] + arguments, timeout: 300)
  }

  /// Whether an environment is there, or could be made now.
  private static func has(_ environment: String) -> Bool {
    (try? run("environment.py", [environment]))?.status == 0
  }

  private func parquet(_ source: String, _ target: String, _ more: [String] = []) throws -> MPIRun.Outcome {
    try Self.run("parquet.py", ["\(folder)/\(source)", "\(folder)/\(target)"] + more)
  }

  private func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)) }

  private func write(_ text: String, as name: String) throws {
    try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
  }

  @Test(.enabled("pyarrow cannot be installed here") { has("parquet") })
  func whatBecomesParquetComesBackAsItWas() throws {
    let texts = [
      "sessions": "prev_items,next_item,locale\n['B01' 'B02'],B03,UK\n['B04'],B05,\n",
      "predictions": "locale,next_item_prediction\nES,\"['1' \"\"2'\"\"]\"\n,[]\n",
      "clicks": "SessionId,ItemId,Time,price,name\n"
        + "1,007,2014-04-07T10:51:09.277Z,12.5,\"a, \"\"b\"\"\"\n2,8,2014-04-07T10:51:09Z,,\n",
      "numbers": "prev_items,next_item\n[214 533],5\n[7],\n",
    ]
    for (name, text) in texts {
      try write(text, as: "\(name).csv")
      for (source, target) in [("csv", "parquet"), ("parquet", "csv")] {
        let outcome = try parquet("\(name).\(source)", "\(name).\(target)", ["--force"])
        #expect(outcome.status == 0, "\(outcome.stderr)")
      }
      #expect(try String(decoding: data("\(name).csv"), as: UTF8.self) == text)
    }
    // Lines of JSON have the same lists in them.
    try write(
      #"{"locale": "ES", "next_item_prediction": ["1", "2'"]}"# + "\n"
        + #"{"locale": "", "next_item_prediction": []}"# + "\n", as: "lines.jsonl")
    #expect(try parquet("lines.jsonl", "lines.parquet").status == 0)
    #expect(try data("lines.parquet") == data("predictions.parquet"))
  }

  @Test(.enabled("pyarrow cannot be installed here") { has("parquet") })
  func whatCannotBecomeParquetLeavesOneLineAndNoFile() throws {
    try write("prev_items,locale\n['B01'],UK\n['B01' ... 'B09'],UK\n", as: "short.csv")
    try write("prev_items,locale\n['B01'],UK\n\"['B01'],UK\n", as: "open.csv")
    try write("prev_items,locale\n['B01'],UK,x\n", as: "wide.csv")
    try write("no Parquet", as: "none.parquet")
    try write("here", as: "there.parquet")
    for (source, target, words, status) in [
      ("short.csv", "out.parquet", "row 2: prev_items is no whole list", 1), ("open.csv", "out.parquet", "line 3: ", 1),
      ("wide.csv", "out.parquet", "line 2: 3 fields, but the first line names 2 columns", 1),
      ("none.parquet", "out.csv", "Parquet", 1), ("short.csv", "there.parquet", "--force to replace it", 1),
      ("short.csv", "out.csv", "one must end in .parquet", 2), ("nowhere.csv", "out.parquet", "is no file", 1),
    ] {
      let outcome = try parquet(source, target)
      #expect(outcome.status == status && outcome.stderr.contains(words), "\(outcome.stderr)")
      #expect(outcome.stderr.split(separator: "\n").count == 1, "\(outcome.stderr)")
    }
    #expect(try data("there.parquet") == Data("here".utf8))
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(files == ["none.parquet", "open.csv", "short.csv", "there.parquet", "wide.csv"])
  }

  @Test(.enabled("numpy cannot be installed here") { has("numpy") }, arguments: ["POP", "COVISIT"])
  func countingModelsHaveTheFiguresThatAreFoundTheLongWay(model: String) throws {
    let dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 3000, items: 200)
    let run = "\(folder)/\(model)", json = "\(model).json"
    #expect(try CaravanCommand.run(["train", "--dataset", dataset, "--model", model, "--out", run]).status == 0)
    let evaluated = try CaravanCommand.run([
      "evaluate", "--dataset", dataset, "--checkpoint", run, "--top", "20", "--json", "\(folder)/\(json)",
    ])
    let counted = try Self.run("every-click.py", [dataset, "--model", model, "--last-only"])
    #expect(evaluated.status == 0 && counted.status == 0, "\(evaluated.stderr)\(counted.stderr)")
    let ours = try JSONDecoder().decode(Evaluated.self, from: data(json))
    let theirs = try JSONDecoder().decode(Counted.self, from: Data(counted.stdout.utf8))
    #expect(ours.all["recall@20"] == theirs.recall && ours.all["mrr@20"] == theirs.mrr)
    #expect(ours.sessions == theirs.targets)
    #expect(ours.locales.count == 6 && theirs.locales?.count == 6)
    for (locale, figures) in ours.locales {
      let counted = try #require(theirs.locales?[locale])
      #expect(figures["recall@20"] == counted.recall && figures["mrr@20"] == counted.mrr)
    }
  }

  @Test(.enabled("LightGBM cannot be installed here") { has("rerank") })
  func whatIsRerankedHasTheFormOfPredictions() throws {
    let dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 4000, items: 300)
    let counts = "\(folder)/counts"
    #expect(try CaravanCommand.run(["train", "--dataset", dataset, "--model", "COUNTS", "--out", counts]).status == 0)
    for split in ["train", "test"] {
      let found = try CaravanCommand.run([
        "candidates", "--dataset", dataset, "--split", split, "--from", "\(counts):30", "--out",
        "\(folder)/\(split).csv",
      ])
      #expect(found.status == 0, "\(found.stderr)")
    }
    let sessions = "\(folder)/sessions/sessions_test.csv"
    let asked = try CaravanCommand.run([
      "candidates", "--dataset", dataset, "--sessions", sessions, "--from", "\(counts):30", "--out",
      "\(folder)/asked.csv",
    ])
    let predicted = try CaravanCommand.run([
      "predict", "--dataset", dataset, "--checkpoint", counts, "--sessions", sessions, "--candidates", "all", "--top",
      "10", "--out", "\(folder)/predicted.csv",
    ])
    #expect(asked.status == 0 && predicted.status == 0, "\(asked.stderr)\(predicted.stderr)")
    func rerank(_ rank: String, _ out: String, _ more: [String] = []) throws -> MPIRun.Outcome {
      try Self.run(
        "rerank.py", ["train.csv", rank, out].map { "\(folder)/\($0)" } + ["--top", "10", "--rounds", "20"] + more)
    }
    let first = try rerank("test.csv", "first.csv"), second = try rerank("test.csv", "second.csv")
    #expect(first.status == 0 && first.stdout.contains("MRR@10"), "\(first.stderr)")
    #expect(second.status == 0)
    #expect(try data("first.csv") == data("second.csv"))
    // Files without labels have lists, and no figures; their rows are those of predictions, one by one.
    #expect(try rerank("asked.csv", "asked.out.csv").stdout.contains("locale ") == false)
    let lists = try String(decoding: data("asked.out.csv"), as: UTF8.self).split(separator: "\n")
    let theirs = try String(decoding: data("predicted.csv"), as: UTF8.self).split(separator: "\n")
    #expect(lists.count == theirs.count && lists.first == theirs.first && lists.count > 100)
    for (list, their) in zip(lists, theirs).dropFirst() {
      #expect(list.prefix(3) == their.prefix(3) && list.count { $0 == "'" } == their.count { $0 == "'" })
    }
    #expect(try rerank("asked.csv", "asked.jsonl").status == 0)
    #expect(try String(decoding: data("asked.jsonl"), as: UTF8.self).hasPrefix("{\"locale\": \""))

    for (arguments, words) in [
      (["asked.csv", "test.csv", "out.csv"], "asked.csv has no labels"),
      (["train.csv", "nowhere.csv", "out.csv"], "nowhere.csv is no file"),
      (["train.csv", "test.csv", "first.csv"], "--force to replace it"),
      (["train.csv", "predicted.csv", "out.csv"], "is not what caravan candidates writes"),
    ] {
      let outcome = try Self.run("rerank.py", arguments.map { "\(folder)/\($0)" } + ["--rounds", "2"])
      #expect(outcome.status == 1 && outcome.stderr.contains(words), "\(outcome.stderr)")
      #expect(outcome.stderr.split(separator: "\n").count == 1, "\(outcome.stderr)")
    }
    let format = try Self.run("rerank.py", ["train.csv", "test.csv", "out.txt"].map { "\(folder)/\($0)" })
    #expect(format.status == 2 && format.stderr.contains("names no format"), "\(format.stderr)")
    #expect(!FileManager.default.fileExists(atPath: folder + "/out.csv"))
  }

  /// What `evaluate --json` writes.
  private struct Evaluated: Decodable {
    let all: [String: Double]
    let locales: [String: [String: Double]]
    let sessions: Int
  }

  /// What the script prints.
  private struct Counted: Decodable {
    let recall: Double
    let mrr: Double
    let targets: Int
    let locales: [String: Counted]?

    enum CodingKeys: String, CodingKey { case recall = "recall@20", mrr = "mrr@20", targets, locales }
  }
}
