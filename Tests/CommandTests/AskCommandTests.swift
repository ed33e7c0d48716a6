import Foundation
import TestSupport
import Testing

/// `ask` shows what `predict` predicts, and says why.
@Suite(.serialized) final class AskCommandTests {
  private let folder: String
  private let dataset: String
  /// Clicks of a test session, and its locale.
  private let clicks: [String]
  private let locale: String

  private let decoder: JSONDecoder

  private struct Answer: Decodable {
    struct Product: Decodable {
      let id: String
      let score: Double
      let seenWith: [Reason]
      let title: String?
      let price: String?
      let brand: String?
    }

    struct Reason: Decodable, Equatable {
      let id: String
      let sessions: Int
    }

    let session: [String]
    let unknown: [String]
    let locale: String?
    let products: [Product]
  }

  init() throws {
    decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 2000, items: 300)
    let small = ["--epochs", "1", "--embedding-size", "16", "--hidden-size", "16", "--batch-size", "128"]
    for (model, more) in [("COUNTS", []), ("GRU4Rec", small)] {
      let trained = try CaravanCommand.run(
        ["train", "--dataset", dataset, "--model", model, "--out", "\(folder)/\(model)"] + more)
      try #require(trained.status == 0, "\(trained.stderr)")
    }
    let blended = try CaravanCommand.run([
      "blend", "--dataset", dataset, "--from", "\(folder)/COUNTS", "--from", "\(folder)/GRU4Rec:0.5", "--transductive",
      "--out", "\(folder)/blend",
    ])
    try #require(blended.status == 0, "\(blended.stderr)")
    // prev_items,locale: ['B0…' 'B0…'],ES
    let lines = try String(contentsOfFile: folder + "/sessions/sessions_test.csv", encoding: .utf8).split(
      separator: "\n")
    let line = try #require(lines.dropFirst().first { $0.count { $0 == "'" } >= 6 })
    let parts = line.split(separator: "'").map(String.init)
    clicks = parts.filter { $0.hasPrefix("B") }
    locale = try #require(parts.last.map { String($0.drop { !$0.isLetter }) })
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func ask(_ checkpoint: String, _ session: String, ranks: Int? = nil, _ more: [String] = []) throws
    -> MPIRun.Outcome
  {
    try CaravanCommand.run(
      ["ask", "--dataset", dataset, "--checkpoint", "\(folder)/\(checkpoint)", "--session", session] + more,
      ranks: ranks)
  }

  private func answer(_ checkpoint: String, _ session: String, _ more: [String] = []) throws -> Answer {
    let outcome = try ask(checkpoint, session, more + ["--json"])
    try #require(outcome.status == 0, "\(outcome.stderr)")
    return try decoder.decode(Answer.self, from: Data(outcome.stdout.utf8))
  }

  @Test(arguments: ["COUNTS", "GRU4Rec", "blend"]) func theProductsAreThoseOfPredict(checkpoint: String) throws {
    let file = folder + "/one.csv", out = folder + "/one.jsonl"
    let list = clicks.map { "'\($0)'" }.joined(separator: " ")
    try "prev_items,locale\n[\(list)],\(locale)\n".write(toFile: file, atomically: true, encoding: .utf8)
    let predicted = try CaravanCommand.run([
      "predict", "--dataset", dataset, "--checkpoint", "\(folder)/\(checkpoint)", "--sessions", file, "--top", "20",
      "--out", out, "--force",
    ])
    try #require(predicted.status == 0, "\(predicted.stderr)")
    struct Line: Decodable { let nextItemPrediction: [String] }
    let expected = try decoder.decode(Line.self, from: Data(contentsOf: URL(fileURLWithPath: out)))
    let found = try answer(checkpoint, clicks.joined(separator: ","), ["--locale", locale, "--top", "20"])
    #expect(found.products.map(\.id) == expected.nextItemPrediction && found.products.count == 20)
    #expect(found.session == clicks && found.unknown.isEmpty && found.locale == locale)
    let scores = found.products.map(\.score)
    #expect(scores == scores.sorted(by: >) && scores.first != scores.last, "\(scores)")
  }

  @Test func theAnswerIsTheSameOnAnyNumberOfRanks() throws {
    for checkpoint in ["COUNTS", "GRU4Rec", "blend"] {
      let alone = try ask(checkpoint, clicks.joined(separator: " "), ["--json"])
      #expect(alone.status == 0, "\(alone.stderr)")
      for (ranks, table) in [(1, "replicated"), (2, "replicated"), (2, "sharded"), (3, "sharded")] {
        let shared = try ask(
          checkpoint, clicks.joined(separator: " "), ranks: ranks, ["--json", "--item-table", table])
        #expect(shared.stdout == alone.stdout, "\(checkpoint), \(ranks) ranks, \(table): \(shared.stderr)")
      }
    }
  }

  @Test func reasonsAreCountsOfTrainingSessions() throws {
    let found = try answer("COUNTS", clicks.joined(separator: ","), ["--locale", locale, "--filter-seen"])
    let training = try String(contentsOfFile: folder + "/sessions/sessions_train.csv", encoding: .utf8)
      .split(separator: "\n").dropFirst()
    let product = try #require(found.products.first { !$0.seenWith.isEmpty })
    let reason = product.seenWith[0]
    let both = training.count { $0.contains(product.id) && $0.contains(reason.id) }
    // The file has the valid sessions, too.
    #expect(reason.sessions > 0 && reason.sessions <= both && clicks.contains(reason.id))
    let counts = product.seenWith.map(\.sessions)
    #expect(counts == counts.sorted(by: >))
    let text = try ask("COUNTS", clicks.joined(separator: ","), ["--locale", locale, "--filter-seen"]).stdout
    #expect(text.contains("\(reason.sessions)× with \(reason.id)"), "\(text)")
  }

  @Test func unknownItemsAreNamedAndLeftOut() throws {
    let known = try answer("COUNTS", clicks[0])
    let outcome = try ask("COUNTS", "nobody,\(clicks[0]),nothing", ["--json"])
    #expect(outcome.status == 0 && outcome.stderr.contains("training never saw nobody, nothing: left out"))
    let found = try decoder.decode(Answer.self, from: Data(outcome.stdout.utf8))
    #expect(found.products.map(\.id) == known.products.map(\.id) && found.unknown == ["nobody", "nothing"])
    for (session, more, words) in [
      ("nobody", [], "training never saw nobody: ask with an item"), (",", [], "--session names no item"),
      (clicks[0], ["--locale", "XX"], "XX"), (clicks[0], ["--top", "0"], "0"),
      (clicks[0], ["--products", folder + "/nowhere.csv"], "nowhere.csv"),
    ] {
      for ranks in [nil, 2] {
        let refused = try ask("GRU4Rec", session, ranks: ranks, more)
        let own = refused.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan: ") }
        #expect(refused.status == 1 && own.count == 1 && own[0].contains(words), "\(refused.stderr)")
      }
    }
  }

  @Test func aFileOfProductsTellsWhatTheyAre() throws {
    let bare = try answer("COUNTS", clicks[0], ["--top", "2"])
    let path = folder + "/products.csv"
    let rows = [
      "id,locale,title,price,brand,color", "\(bare.products[0].id),XX,\"Case, \"\"red\"\"\",12.5,Acme,red",
      "\(bare.products[1].id),XX,Cable,40000000.07,,", "other,XX,Other,1,,",
    ]
    try (rows.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    let found = try answer("COUNTS", clicks[0], ["--top", "2", "--products", path])
    #expect(found.products.map(\.title) == ["Case, \"red\"", "Cable"])
    #expect(found.products.map(\.price) == ["12.5", nil] && found.products.map(\.brand) == ["Acme", nil])
    let text = try ask("COUNTS", clicks[0], ["--top", "2", "--products", path])
    #expect(text.stdout.contains("Case, \"red\" · 12.5 · Acme\n") && text.stderr.isEmpty, "\(text.stdout)")
  }
}
