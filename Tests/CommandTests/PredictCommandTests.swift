import Foundation
import TestSupport
import Testing

/// What `predict`, `evaluate` and `prepare` do with inputs and outputs that are not as they should be, on the command line.
@Suite(.serialized) final class PredictCommandTests {
  private let folder: String
  private let dataset: String
  private let asked: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 600, items: 120)
    asked = folder + "/sessions/sessions_test.csv"
    let trained = try CaravanCommand.run(["train", "--dataset", dataset, "--model", "POP", "--out", folder + "/pop"])
    #expect(trained.status == 0, "\(trained.stderr)")
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func predict(_ sessions: String? = nil, out: String, ranks: Int? = nil, _ more: [String] = []) throws
    -> MPIRun.Outcome
  {
    try CaravanCommand.run(
      [
        "predict", "--dataset", dataset, "--checkpoint", folder + "/pop", "--sessions", sessions ?? asked, "--out", out,
      ] + more, ranks: ranks)
  }

  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  private func write(_ text: String, as name: String) throws -> String {
    try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    return folder + "/" + name
  }

  /// One line of ours, which holds the words.
  private func expectRefused(_ outcome: MPIRun.Outcome, _ words: String) {
    let own = outcome.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan: ") }
    #expect(outcome.status == 1 && own.count == 1 && own[0].contains(words) && own[0].count <= 300, "\(outcome.stderr)")
  }

  @Test func nothingThatIsReadOrThereIsReplaced() throws {
    let before = try text(asked), link = folder + "/link.csv", out = folder + "/p.csv"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: asked)
    for place in [asked, folder + "/sessions/../sessions/sessions_test.csv", link] {
      for more in [[], ["--force"]] {
        expectRefused(try predict(out: place, ["--top", "3"] + more), "would be replaced")
      }
    }
    #expect(try text(asked) == before)
    #expect(try predict(out: out, ["--top", "3"]).status == 0)
    let predicted = try text(out)
    expectRefused(try predict(out: out, ["--top", "4"]), "--force")
    #expect(try text(out) == predicted)
    #expect(try predict(out: out, ["--top", "4", "--force"]).status == 0)
    #expect(try text(out) != predicted)
    for place in [dataset + "/dataset.json", folder + "/pop/config.yaml", folder + "/pop/checkpoints/best/state.json"] {
      let kept = try text(place)
      let judged = try CaravanCommand.run([
        "evaluate", "--dataset", dataset, "--checkpoint", folder + "/pop", "--json", place,
      ])
      expectRefused(judged, "would be replaced")
      #expect(try text(place) == kept)
    }
    let kept = try text(dataset + "/dataset.json")
    let traced = try CaravanCommand.run([
      "train", "--dataset", dataset, "--model", "GRU4Rec", "--out", folder + "/gru",
      "--trace", dataset + "/dataset.json",
    ])
    expectRefused(traced, "would be replaced")
    #expect(try text(dataset + "/dataset.json") == kept && !FileManager.default.fileExists(atPath: folder + "/gru"))
    let timed = try CaravanCommand.run(["bench", "--items", "20", "--json", folder])
    expectRefused(timed, "it is a folder")
    let prepared = try CaravanCommand.run(["prepare", "--sessions", asked, "--out", dataset])
    expectRefused(prepared, "--force")
  }

  /// Items are numbered alike, so nothing else tells that another preparation divides the sessions otherwise.
  @Test func figuresThatMayFlatterAreSaid() throws {
    let train = folder + "/sessions/sessions_train.csv", other = folder + "/other"
    let prepared = try CaravanCommand.run([
      "prepare", "--sessions", train, "--test", train, "--seed", "7", "--out", other,
    ])
    #expect(prepared.status == 0 && prepared.stderr.contains("is trained on and ranked"), "\(prepared.stderr)")
    func evaluate(_ dataset: String) throws -> String {
      let arguments = ["evaluate", "--dataset", dataset, "--checkpoint", folder + "/pop", "--split", "valid"]
      return try CaravanCommand.run(arguments).stderr
    }
    #expect(try !evaluate(dataset).contains("warning"))
    #expect(try evaluate(other).contains("was trained on another preparation"))
    #expect(try evaluate(dataset).contains("pop/checkpoints/step-00000001 on the valid split, candidates all"))
  }

  @Test func whatWasWrittenTwiceIsSaid() throws {
    let rows = (0..<60).map { "['a\($0)' 'b\($0 % 7)'],c\($0),\($0 % 2 == 0 ? "us" : "US")\n" }.joined()
    func prepare(_ rows: String, _ name: String) throws -> String {
      let path = try write("prev_items,next_item,locale\n" + rows, as: name + ".csv")
      let arguments = ["prepare", "--sessions", path, "--valid-fraction", "0.3", "--out", folder + "/" + name]
      return try CaravanCommand.run(arguments).stderr
    }
    let twice = try prepare(rows + rows, "twice"), once = try prepare(rows, "once")
    #expect(twice.contains("valid sessions stand in training, too, click for click"), "\(twice)")
    #expect(
      !once.contains("click for click") && once.contains("the locales US, us differ in capitals alone"), "\(once)")
  }

  @Test func sessionsOfAnotherShopAreToldApart() throws {
    let strangers = try write("prev_items,locale\n['s1' 's2'],DE\n['s3'],ES\n", as: "strangers.csv")
    let outcome = try predict(strangers, out: folder + "/strangers.out.csv", ["--top", "5"])
    #expect(
      outcome.status == 0 && outcome.stderr.contains("training saw none of the clicked items"), "\(outcome.stderr)")
  }

  @Test func everyRowHasItsLine() throws {
    let sessions = try write("prev_items,locale\n[],DE\n['nobody'],ES\n['a' b],DE\n['a'],X'X\n", as: "odd.csv")
    expectRefused(try predict(sessions, out: folder + "/odd.out.csv"), "--skip-bad-rows goes on without such rows")
    #expect(!FileManager.default.fileExists(atPath: folder + "/odd.out.csv"))
    for ranks in [nil, 3] {
      let outcome = try predict(
        sessions, out: folder + "/odd\(ranks ?? 0).csv", ranks: ranks, ["--skip-bad-rows", "--top", "5"])
      #expect(outcome.status == 0 && outcome.stderr.contains("odd.csv:4") && outcome.stderr.contains("odd.csv:5"))
      #expect(outcome.stdout.contains("1 list is shorter than 5") && outcome.stdout.contains("1 of them empty"))
      #expect(outcome.stdout.contains("2 sessions have no known item"), "\(outcome.stdout)")
      let lines = try text(folder + "/odd\(ranks ?? 0).csv").split(separator: "\n").dropFirst().map(String.init)
      #expect(lines.map { String($0.prefix(3)) } == ["DE,", "ES,", "DE,", ",[]"] && lines[0] == lines[2])
    }
    // The file's name tells nothing of its format, and need not.
    let plain = try write(text(sessions), as: "odd.txt")
    #expect(try predict(plain, out: folder + "/x.csv", ["--skip-bad-rows"]).status == 0)
  }

  @Test func candidatesThatAreNoneAreSaid() throws {
    let es = try write("prev_items,next_item,locale\n['a' 'b'],c,ES\n['b'],a,ES\n['c'],b,ES\n", as: "es.csv")
    #expect(try CaravanCommand.run(["prepare", "--sessions", es, "--out", folder + "/es"]).status == 0)
    let run = folder + "/esrun"
    #expect(
      try CaravanCommand.run(["train", "--dataset", folder + "/es", "--model", "COVISIT", "--out", run]).status == 0)
    let jp = try write("prev_items,locale\n['a'],ES\n['a'],JP\n", as: "jp.csv")
    func predict(_ more: [String]) throws -> MPIRun.Outcome {
      try CaravanCommand.run(
        ["predict", "--dataset", folder + "/es", "--checkpoint", run, "--sessions", jp, "--out", folder + "/q.csv"]
          + more)
    }
    expectRefused(try predict(["--top", "2", "--candidates", "UK"]), "no product was seen in UK")
    for top in ["0", "-7", "4", "9223372036854775807"] {
      expectRefused(try predict(["--top=\(top)", "--candidates", "all"]), "choose --top from 1 to 3")
    }
    // Nothing is left of three products of which the session holds all.
    let seen = try write("prev_items,locale\n['a' 'b' 'c'],ES\n", as: "seen.csv")
    expectRefused(
      try CaravanCommand.run([
        "predict", "--dataset", folder + "/es", "--checkpoint", run, "--sessions", seen, "--top", "2", "--filter-seen",
        "--out", folder + "/q.csv",
      ]), "none of the 1 sessions has a candidate")
    #expect(!FileManager.default.fileExists(atPath: folder + "/q.csv"))
    #expect(try predict(["--top", "3", "--candidates", "all"]).status == 0)
    // What was seen nowhere in a locale cannot be told from a locale that is not known: all products are candidates.
    let unknown = try predict(["--top", "3", "--force"])
    #expect(unknown.status == 0 && unknown.stdout.contains("2 sessions, 3 products each"), "\(unknown)")
    expectRefused(
      try CaravanCommand.run([
        "evaluate", "--dataset", folder + "/es", "--checkpoint", run, "--split", "train", "--candidates", "UK",
      ]), "no product was seen in UK")
  }

  /// Random sessions with every prefix written out: nothing is to be learnt, and the valid split must not say otherwise.
  @Test func prefixesOfASessionDoNotGiveItsAnswerAway() throws {
    var numbers = RepeatedNumbers(state: 11)
    func rows(_ sessions: Range<Int>) -> String {
      let header = "session_id:token\titem_id_list:token_seq\titem_id:token"
      let lines = sessions.flatMap { session in
        let items = (0..<6).map { _ in Int.random(in: 1...3_000, using: &numbers) }
        return (1..<6).map { "\(session)\t\(items[..<$0].map(String.init).joined(separator: " "))\t\(items[$0])" }
      }
      return ([header] + lines).joined(separator: "\n") + "\n"
    }
    let train = try write(rows(0..<1_500), as: "p.train.inter"),
      test = try write(rows(1_500..<1_700), as: "p.test.inter")
    let prepared = try CaravanCommand.run([
      "prepare", "--sessions", train, "--test", test, "--default-locale", "UK", "--out", folder + "/prefixes",
    ])
    #expect(prepared.status == 0)
    #expect(prepared.stdout.contains("6000 of 7500 training rows go on with another"), "\(prepared)")
    let run = folder + "/prefixrun", data = folder + "/prefixes"
    #expect(try CaravanCommand.run(["train", "--dataset", data, "--model", "COVISIT", "--out", run]).status == 0)
    let figures = try ["valid", "test"].map { split in
      let judged = try CaravanCommand.run(["evaluate", "--dataset", data, "--checkpoint", run, "--split", split])
      let lines = judged.stdout.split(separator: "\n").map { $0.split(separator: " ") }
      let column = try #require(lines.first?.firstIndex { $0 == "MRR@100" }, "\(judged.stderr)")
      return try #require(Double(lines[lines.count - 1][column]))
    }
    #expect(figures.allSatisfy { $0 < 0.02 }, "\(figures)")
  }
}

/// Numbers that repeat from run to run.
private struct RepeatedNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
