import Foundation
import TestSupport
import Testing

/// Data sets of any locales, or of none, from the session files to the report of a hand-off.
@Suite(.serialized) final class LocaleCommandTests {
  private let folder: String

  init() throws { folder = try CaravanCommand.temporaryFolder() }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func run(_ arguments: [String], ranks: Int? = nil) throws -> MPIRun.Outcome {
    try CaravanCommand.run(arguments, ranks: ranks)
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
  }

  /// Writes sessions that walk on through sixty items, in turn of each locale.
  /// - Parameter locales: empty for a file without the column.
  private func write(_ name: String, sessions: Int, locales: [String], hasAnswers: Bool = true) throws -> String {
    let columns = ["prev_items"] + (hasAnswers ? ["next_item"] : []) + (locales.isEmpty ? [] : ["locale"])
    var lines = [columns.joined(separator: ",")]
    for session in 0..<sessions {
      let items = (0...1 + session % 4).map { "i\((session * 7 + $0) % 60)" }
      var fields = ["[" + items.dropLast().map { "'\($0)'" }.joined(separator: " ") + "]"]
      if hasAnswers { fields.append(items[items.count - 1]) }
      if !locales.isEmpty { fields.append(locales[session % locales.count]) }
      lines.append(fields.joined(separator: ","))
    }
    try (lines.joined(separator: "\n") + "\n").write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    return folder + "/" + name
  }

  private func prepare(_ name: String, sessions: Int = 600, locales: [String]) throws -> MPIRun.Outcome {
    let train = try write(name + ".train.csv", sessions: sessions, locales: locales)
    let test = try write(name + ".test.csv", sessions: max(90, locales.count), locales: locales)
    return try run(["prepare", "--sessions", train, "--test", test, "--out", folder + "/" + name])
  }

  private func train(_ run: String, on dataset: String, ranks: Int? = nil, _ more: [String] = []) throws
    -> MPIRun.Outcome
  {
    let sizes = ["--embedding-size", "8", "--hidden-size", "8", "--batch-size", "64", "--epochs", "1"]
    return try self.run(
      ["train", "--dataset", folder + "/" + dataset, "--model", "GRU4Rec", "--out", folder + "/" + run] + sizes + more,
      ranks: ranks)
  }

  private func place(_ dataset: String, _ checkpoint: String) -> [String] {
    ["--dataset", folder + "/" + dataset, "--checkpoint", folder + "/" + checkpoint]
  }

  /// The same figures and lists on one rank and on three.
  private func judge(_ dataset: String, _ checkpoint: String, asked: String, _ more: [String] = []) throws -> (
    figures: String, lists: String, said: String
  ) {
    var found: [(figures: String, lists: String, said: String)] = []
    for ranks in [nil, 3] {
      let figures = "figures\(ranks ?? 0).json", lists = "lists\(ranks ?? 0).csv"
      let judged = try run(
        ["evaluate"] + place(dataset, checkpoint) + ["--candidates", "locale", "--json", folder + "/" + figures],
        ranks: ranks)
      let predicted = try run(
        ["predict"] + place(dataset, checkpoint) + [
          "--sessions", asked, "--candidates", "locale", "--top", "5", "--out", folder + "/" + lists,
        ]
          + ["--force"] + more, ranks: ranks)
      #expect(judged.status == 0 && predicted.status == 0, "\(judged.stderr)\(predicted.stderr)")
      found.append((try text(figures), try text(lists), judged.stdout + predicted.stdout + predicted.stderr))
    }
    #expect(found[0].figures == found[1].figures && found[0].lists == found[1].lists)
    return found[0]
  }

  private func mentionsLocales(_ text: String) -> Bool { text.lowercased().contains("locale") }

  @Test func withoutLocalesNothingAsksForOne() throws {
    let prepared = try prepare("none", locales: [])
    #expect(prepared.status == 0 && !mentionsLocales(prepared.stdout + prepared.stderr), "\(prepared)")
    let inspected = try run(["inspect", folder + "/none"])
    #expect(inspected.status == 0 && !mentionsLocales(inspected.stdout))
    let trained = try train("first", on: "none")
    #expect(trained.status == 0 && !mentionsLocales(trained.stdout + trained.stderr), "\(trained.stderr)")
    #expect(try train("three", on: "none", ranks: 3).status == 0)
    let best = "/checkpoints/best"
    #expect(
      try CaravanCommand.checksums(ofCheckpoint: folder + "/first" + best)
        == CaravanCommand.checksums(ofCheckpoint: folder + "/three" + best))
    let asked = try write("asked.csv", sessions: 20, locales: [], hasAnswers: false)
    let (figures, lists, said) = try judge("none", "first", asked: asked)
    #expect(!mentionsLocales(figures + said) && lists.hasPrefix("next_item_prediction\n['i"))
    let tuned = try run(
      ["finetune"] + place("none", "first") + ["--epochs", "1", "--mode", "both", "--out", folder + "/tuned"], ranks: 2)
    #expect(tuned.status == 0 && !mentionsLocales(tuned.stdout), "\(tuned.stderr)")
    let table = tuned.stdout.split(separator: "\n")
    #expect(table.count == 4 && table[2].hasPrefix("joint"))
    let report = try JSONSerialization.jsonObject(with: Data(text("tuned/handoff.json").utf8)) as? [String: Any]
    let rows = try #require(report?["rows"] as? [[String: Any]])
    #expect(rows.count == 1 && rows[0]["locales"] == nil && report?["candidates"] as? String == "all")
    for model in ["POP", "COVISIT"] {
      #expect(
        try run(["train", "--dataset", folder + "/none", "--model", model, "--out", folder + "/" + model]).status == 0)
      let counted = try judge("none", model, asked: asked)
      #expect(!mentionsLocales(counted.figures + counted.said))
    }
    let refused = try train("refused", on: "none", ["--locales", "ES"])
    #expect(refused.status == 1 && refused.stderr.contains("there is no locale 'ES': the sessions have none"))
  }

  @Test func anyNamesServeAsAmazonsDo() throws {
    let names = ["US", "de-AT", "shop-3", "日本"]
    let prepared = try prepare("free", locales: names)
    #expect(prepared.status == 0, "\(prepared.stderr)")
    #expect(prepared.stdout.split(separator: "\n")[0].split(separator: " ").suffix(4).map(String.init) == names)
    #expect(try train("free-run", on: "free").status == 0)
    let asked = try write("asked.csv", sessions: 12, locales: names + ["neu", "us"], hasAnswers: false)
    for run in ["free-run", "free-pop"] {
      if run == "free-pop" {
        #expect(
          try self.run(["train", "--dataset", folder + "/free", "--model", "POP", "--out", folder + "/" + run]).status
            == 0)
      }
      let (figures, lists, said) = try judge("free", run, asked: asked)
      #expect(names.allSatisfy { figures.contains("\"\($0)\"") })
      let rows = lists.split(separator: "\n").dropFirst().map { $0.prefix { $0 != "," } }
      #expect(rows == (0..<12).map { (names + ["neu", "us"])[$0 % 6][...] })
      #expect(said.contains("does not know the locale of 4 sessions (neu and 1 more)"), "\(said)")
    }
    // Names in other letters and another order are the same option: the run goes on.
    #expect(try train("some", on: "free", ["--locales", "SHOP-3,us"]).status == 0)
    #expect(try text("some/config.yaml").contains("\nlocales: US,shop-3\n"))
    let again = try train("some", on: "free", ["--locales", "us,shop-3"])
    #expect(again.status == 0 && again.stderr.contains("going on after step"), "\(again.stderr)")
    let other = try train("some", on: "free", ["--locales", "us"])
    #expect(other.status == 1 && other.stderr.contains("--locales US,shop-3, now it is US"), "\(other.stderr)")
    let unknown = try train("some", on: "free", ["--locales", "US,FR"])
    #expect(unknown.status == 1 && unknown.stderr.contains("no locale 'FR': choose from US, de-AT, shop-3, 日本"))
    for wrong in [["--candidates", "FR"], ["--default-locale", "FR"]] {
      let refused = try run(
        ["predict"] + place("free", "free-run") + ["--sessions", asked, "--out", folder + "/x.csv"] + wrong)
      #expect(refused.status == 1 && refused.stderr.contains("there is no locale 'FR'"), "\(refused.stderr)")
    }
    let tune =
      ["finetune"] + place("free", "free-run") + ["--epochs", "1", "--mode", "both", "--out", folder + "/tuned"]
    let tuned = try run(tune + ["--locales", "日本,DE-at", "--candidates", "joint"], ranks: 3)
    #expect(tuned.status == 0, "\(tuned.stderr)")
    let lines = tuned.stdout.split(separator: "\n").dropFirst(2).dropLast().map { $0.split(separator: "  ")[0] }
    #expect(lines == ["de-AT", "日本", "all", "joint de-AT", "joint 日本", "joint"], "\(tuned.stdout)")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/tuned")
    #expect(files.contains("de-AT") && files.allSatisfy { $0.allSatisfy(\.isASCII) })
  }

  @Test func threeHundredLocalesAreRankedInGroups() throws {
    let names = (0..<300).map { "shop-\($0)" }
    let prepared = try prepare("many", sessions: 3_000, locales: names)
    let header = prepared.stdout.split(separator: "\n").first ?? ""
    #expect(prepared.status == 0 && header.hasSuffix("shop-11  288 more"), "\(prepared)")
    #expect(try train("many-run", on: "many", ranks: 2).status == 0)
    let asked = try write("asked.csv", sessions: 310, locales: names, hasAnswers: false)
    let (figures, lists, said) = try judge("many", "many-run", asked: asked)
    let json = try JSONSerialization.jsonObject(with: Data(figures.utf8)) as? [String: Any]
    #expect((json?["locales"] as? [String: Any])?.count == 300 && said.contains("288 more"))
    #expect(lists.split(separator: "\n").count == 311)
    let inspected = try run(["inspect", folder + "/many"])
    #expect(inspected.stdout.contains("\n288 more"))
    let refused = try train("refused", on: "many", ["--locales", "none"])
    #expect(refused.stderr.contains("choose from shop-0, shop-1, shop-2") && refused.stderr.contains("and 290 more"))
  }

  /// Counts by locale are of use to another data set of the same items, whatever the order of its locales; and Amazon's
  /// names may stand beside sessions without one.
  @Test func countsAreKnownByTheNamesOfLocales() throws {
    let amazon = ["UK", "DE", "JP", "ES", "FR", "IT"]
    let plain = try write("plain.csv", sessions: 60, locales: [])
    let six = try write("six.csv", sessions: 60, locales: amazon)
    let free = try write("free.csv", sessions: 60, locales: ["x"] + amazon.reversed())
    let asked = try write("asked.csv", sessions: 60, locales: amazon, hasAnswers: false)
    for (name, files) in [("mixed", [plain, six]), ("other", [plain, free]), ("first", [plain, six])] {
      let sessions = files.flatMap { ["--sessions", $0] }
      let prepared = try run(["prepare"] + sessions + ["--test", six, "--out", folder + "/" + name])
      #expect(prepared.status == 0, "\(prepared.stderr)")
    }
    for model in ["POP", "NEIGHBOURS"] {
      let counted = try run(["train", "--dataset", folder + "/mixed", "--model", model, "--out", folder + "/" + model])
      #expect(counted.status == 0, "\(counted.stderr)")
      let here = try judge("mixed", model, asked: asked, ["--candidates", "all"])
      let there = try judge("other", model, asked: asked, ["--candidates", "all"])
      #expect(here.lists == there.lists)
    }
  }

  /// The test file names the locales, the answers' file need not, and `--default-locale` is for all files alike.
  @Test func answersNeedNoLocale() throws {
    let plain = try write("plain.csv", sessions: 60, locales: [])
    let answers = (0..<6).map { "i\(($0 * 7 + 1) % 60)" }
    try ("next_item\n" + answers.joined(separator: "\n") + "\n").write(
      toFile: folder + "/truth.csv", atomically: true, encoding: .utf8)
    for (name, locales, more) in [("a", ["x", "y"], []), ("b", [], []), ("c", [], ["--default-locale", "y"])] {
      let test = try write("asked-\(name).csv", sessions: 6, locales: locales, hasAnswers: false)
      let prepared = try run(
        [
          "prepare", "--sessions", plain, "--test", test, "--truth", folder + "/truth.csv", "--out",
          folder + "/" + name,
        ]
          + more)
      #expect(prepared.status == 0, "\(prepared.stderr)")
      let header = prepared.stdout.split(separator: "\n")[0].split(separator: " ").dropFirst(4).joined(separator: " ")
      #expect(header == ["a": "x y (none)", "b": "", "c": "y"][name])
    }
  }
}
