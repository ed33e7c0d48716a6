import Foundation
import Storage
import TestSupport
import Testing

/// What a checkpoint must be to be handed over, and what becomes of products that it has never seen.
@Suite(.serialized) final class HandOffCheckpointTests {
  private let shop: HandOffShop

  init() throws { shop = try HandOffShop() }

  deinit { try? FileManager.default.removeItem(atPath: shop.folder) }

  /// One line that says what differs, and nothing is written.
  private func expectRefused(_ arguments: [String], _ sentence: String) throws {
    let outcome = try shop.finetune("refused", ranks: nil, arguments)
    #expect(outcome.status == 1, "\(arguments)")
    #expect(outcome.stderr.split(separator: "\n").count == 1, "\(outcome.stderr)")
    #expect(outcome.stderr.contains(sentence), "\(arguments): \(outcome.stderr)")
    #expect(!shop.exists("refused"))
  }

  @Test func optionsThatDoNotFitTheCheckpointAreRefused() throws {
    try expectRefused(["--model", "NARM"], "was trained with --model GRU4Rec, not NARM")
    try expectRefused(["--embedding-size", "32"], "was trained with --embedding-size 20, not 32")
    try expectRefused(["--hidden-size", "64"], "was trained with --hidden-size 24, not 64")
    try expectRefused(["--num-layers", "2"], "was trained with --num-layers 1, not 2")
    try expectRefused(["--moments", "keep", "--optimizer", "adagrad"], "has the moments of --optimizer adam")
    try expectRefused(["--checkpoint", shop.dataset], "is neither a run nor a checkpoint")
    try expectRefused(["--candidates", "ma,"], "--candidates is ma,: choose locale, joint, all, or")
    try expectRefused(["--candidates", "mars"], "there is no locale 'mars': choose from UK, DE, JP, ES, FR, IT")
    try expectRefused(["--split", "train"], "--split is train: choose valid or test")
    let counted = try CaravanCommand.run([
      "train", "--dataset", shop.dataset, "--model", "POP", "--out", shop.folder + "/pop",
    ])
    #expect(counted.status == 0)
    try expectRefused(["--checkpoint", shop.folder + "/pop"], "is of POP, which counts and has no weights")
    // On several ranks it is still one line.
    let crowd = try shop.finetune("refused", ranks: 3, ["--embedding-size", "32"])
    #expect(crowd.status != 0)
    #expect(crowd.stderr.split(separator: "\n").filter { $0.hasPrefix("caravan:") }.count == 1, "\(crowd.stderr)")
    // A hand-off has no place in a run's own folder.
    let inside = try shop.finetune("pretrained", ranks: nil, [])
    #expect(inside.status == 1 && inside.stderr.contains("choose a folder that is not a run itself"))
    // Rates may be others.
    #expect(try shop.finetune("rates", ranks: nil, ["--dropout", "0.1", "--locales", "ES"]).status == 0)
  }

  @Test func damagedCheckpointsAreRefused() throws {
    let best = URL(fileURLWithPath: shop.folder + "/pretrained/checkpoints/best").resolvingSymlinksInPath().path
    func copy(_ name: String) throws -> String {
      let path = shop.folder + "/" + name
      try FileManager.default.copyItem(atPath: best, toPath: path)
      return path
    }
    func truncate(_ path: String, to length: UInt64) throws {
      let file = try #require(FileHandle(forUpdatingAtPath: path))
      try file.truncate(atOffset: length)
      try file.close()
    }
    let flipped = try copy("flipped")
    try shop.flipByte(ofFile: flipped + "/model.safetensors", at: 2000)
    try expectRefused(["--checkpoint", flipped], "\(flipped)/model.safetensors is damaged: its SHA-256 is")
    let short = try copy("short")
    try truncate(short + "/model.safetensors", to: 5000)
    try expectRefused(["--checkpoint", short], "\(short)/model.safetensors is damaged: its SHA-256 is")
    let cut = try copy("cut")
    try truncate(cut + "/state.json", to: 200)
    try expectRefused(["--checkpoint", cut], "\(cut)/state.json cannot be used: it is cut off")
    let missing = try copy("missing")
    try FileManager.default.removeItem(atPath: missing + "/optimizer.safetensors")
    try expectRefused(["--checkpoint", missing], "\(missing)/optimizer.safetensors is missing")
  }

  @Test func anotherVocabularyIsRefusedByItsFirstDifference() throws {
    let csv = try String(contentsOfFile: shop.folder + "/sessions/sessions_train.csv", encoding: .utf8)
    let first = try #require(csv.split(separator: "\n").dropFirst().first?.split(separator: "'").dropFirst().first)
    let renamed = shop.folder + "/renamed.csv"
    try csv.replacing(first, with: "ZZZZ").write(toFile: renamed, atomically: true, encoding: .utf8)
    try prepare(renamed, to: "other", [])
    let other = shop.folder + "/other"
    try expectRefused(["--dataset", other], "item 1 is \(first) in ")
    try expectRefused(["--dataset", other], "prepare the data set with --vocabulary")
    // The beginning of the vocabulary is not enough.
    let start = csv.split(separator: "\n").prefix(40).joined(separator: "\n") + "\n"
    try start.write(toFile: renamed, atomically: true, encoding: .utf8)
    try prepare(renamed, to: "fewer", [])
    try expectRefused(["--dataset", shop.folder + "/fewer"], "item 92 is ")
    // Further items behind the checkpoint's are unknown to it, and no hindrance.
    try prepareExtension("one", newItems: ["NEWA"])
    let evaluated = try CaravanCommand.run([
      "evaluate", "--dataset", shop.folder + "/one", "--checkpoint", shop.folder + "/pretrained",
      "--split", "valid",
    ])
    #expect(evaluated.status == 0 && evaluated.stderr.contains("does not know 1 of "), "\(evaluated.stderr)")
  }

  /// New items start from numbers of their own, whichever row they get; all others from the checkpoint's.
  @Test func newItemsStartAlikeWhereverTheirRowsLand() throws {
    try prepareExtension("one", newItems: ["NEWA", "NEWB", "NEWC"])
    try prepareExtension("two", newItems: ["NEWC", "NEWX", "NEWA"])
    let start = try shop.weights("pretrained/checkpoints/best")["item_embedding.weight"] ?? []
    var rows: [String: [String: ArraySlice<Float>]] = [:]
    for name in ["one", "two"] {
      let outcome = try shop.finetune(
        "from-\(name)", ranks: 2,
        ["--dataset", shop.folder + "/" + name, "--locales", "ES", "--freeze", "items", "--max-steps", "2"])
      #expect(outcome.status == 0, "\(outcome.stderr)")
      let table = try shop.weights("from-\(name)/ES/checkpoints/latest")["item_embedding.weight"] ?? []
      #expect(Array(table.prefix(start.count)) == start)
      let ids = try String(contentsOfFile: "\(shop.folder)/\(name)/items.txt", encoding: .utf8).split(separator: "\n")
      #expect(table.count == (ids.count + 1) * 20)
      for row in start.count / 20...ids.count {
        rows[name, default: [:]][String(ids[row - 1])] = table[row * 20..<row * 20 + 20]
      }
    }
    for id in ["NEWA", "NEWC"] { #expect(rows["one"]?[id].map(Array.init) == rows["two"]?[id].map(Array.init)) }
    let one = try #require(rows["one"])
    #expect(one.count == 3 && Set(one.values.map(Array.init)).count == 3)
    #expect(one.values.allSatisfy { row in row.contains { $0 != 0 } })
  }

  /// After one step a moment that is carried on is 0.9 of the old one plus what a fresh one is; new items' are zero.
  @Test func momentsAreCarriedOnWithZerosForNewItems() throws {
    try prepareExtension("one", newItems: ["NEWA", "NEWB", "NEWC"])
    for moments in ["fresh", "keep"] {
      let outcome = try shop.finetune(
        moments, ranks: 3,
        ["--dataset", shop.folder + "/one", "--locales", "ES", "--moments", moments, "--max-steps", "1"])
      #expect(outcome.status == 0, "\(outcome.stderr)")
    }
    let name = "optimizer.safetensors"
    let old = try shop.weights("pretrained/checkpoints/best", file: name)
    let fresh = try shop.weights("fresh/ES/checkpoints/latest", file: name)
    let kept = try shop.weights("keep/ES/checkpoints/latest", file: name)
    for (name, before) in old where name.hasPrefix("exp_avg.") {
      let pairs = zip(try #require(kept[name]), try #require(fresh[name])).enumerated()
      // Float32: three roundings of numbers below 0.1.
      #expect(
        pairs.allSatisfy { place, pair in
          abs(pair.0 - pair.1 - 0.9 * (place < before.count ? before[place] : 0)) < 1e-7
        }, "\(name)")
      #expect(before.contains { abs($0) > 1e-5 }, "\(name) says nothing")
    }
  }

  private func prepare(_ sessions: String, to out: String, _ more: [String]) throws {
    let outcome = try CaravanCommand.run(["prepare", "--sessions", sessions, "--out", shop.folder + "/" + out] + more)
    guard outcome.status == 0 else { throw MPIRun.CannotStart(description: outcome.stderr) }
  }

  /// The shop's training sessions, before them some in ES whose answers are new items.
  private func prepareExtension(_ name: String, newItems: [String]) throws {
    let csv = try String(contentsOfFile: shop.folder + "/sessions/sessions_train.csv", encoding: .utf8)
    let lines = csv.split(separator: "\n", maxSplits: 1)
    let added = newItems.map { "['\($0)'],\($0),ES\n" }.joined()
    let file = shop.folder + "/\(name).csv"
    try "\(lines[0])\n\(added)\(lines[1])".write(toFile: file, atomically: true, encoding: .utf8)
    try prepare(file, to: name, ["--vocabulary", shop.dataset])
  }
}
