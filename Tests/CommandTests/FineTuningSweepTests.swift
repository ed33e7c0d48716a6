import Foundation
import TestSupport
import Testing

/// `caravan sweep` over `finetune`: what comes out is what `caravan finetune` makes, in groups of any size.
@Suite(.serialized) final class FineTuningSweepTests {
  private let shop: HandOffShop
  init() throws { shop = try HandOffShop() }
  deinit { try? FileManager.default.removeItem(atPath: shop.folder) }

  private func sweep(_ out: String, ranks: Int?, _ more: [String] = []) throws -> MPIRun.Outcome {
    let file = shop.folder + "/sweep.yaml"
    let yaml = """
      command: finetune
      options: {locales: [ES, FR, IT], batch_size: 30, epochs: 2}
      grid:
        job: [{lr: 0.0001}, {lr: 0.005}, {lr: 1e30}, {lr: 0.005, embedding_size: 21}]
      """
    try yaml.write(toFile: file, atomically: true, encoding: .utf8)
    return try CaravanCommand.run(
      ["sweep", file, "--set", "dataset=\(shop.dataset)", "--set", "checkpoint=\(shop.folder)/pretrained"]
        + ["--out", shop.folder + "/" + out] + more,
      ranks: ranks)
  }

  @Test func theSameResultsAsOfTheCommandItself() throws {
    let layouts: [(ranks: Int?, more: [String])] = [(nil, []), (3, []), (2, ["--ranks-per-job", "1"])]
    for (number, layout) in layouts.enumerated() {
      let outcome = try sweep("sweep-\(number)", ranks: layout.ranks, layout.more)
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(try shop.bytes("sweep-\(number)/results.txt") == shop.bytes("sweep-0/results.txt"), "\(layout)")
    }
    let lines = try String(decoding: shop.bytes("sweep-0/results.txt"), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 5)
    for column in ["lr", "MRR@100", "ES MRR@100", "FR MRR@100", "IT MRR@100"] { #expect(lines[0].contains(column)) }
    #expect(lines[1].split(separator: " ").prefix(2) == ["1", "0.005"])
    #expect(lines[3].hasPrefix("failed: lr=1e30: the loss at step "))
    #expect(lines[4].hasPrefix("failed: lr=0.005,embedding_size=21: ") && lines[4].contains("embedding-size"))

    #expect(try shop.finetune("plain", ranks: 2, []).status == 0)
    for locale in ["ES", "FR", "IT"] {
      for sweep in 0..<layouts.count {
        #expect(try shop.best("sweep-\(sweep)/best", locale) == shop.best("plain", locale), "\(locale), \(sweep)")
      }
    }
    // What was best is a hand-off's configuration file.
    let again = try CaravanCommand.run(
      ["finetune", "--config", shop.folder + "/sweep-0/best.yaml", "--out", shop.folder + "/again"], ranks: 2)
    #expect(again.status == 0, "\(again.stderr)")
    #expect(try shop.best("again", "ES") == shop.best("plain", "ES"))
  }

  @Test func theOptionsThatItNeedsAreListed() throws {
    let file = shop.folder + "/bare.yaml"
    try "command: finetune\ngrid: {lr: [0.1]}\n".write(toFile: file, atomically: true, encoding: .utf8)
    let listed = try CaravanCommand.run(["sweep", file, "--dry-run", "--set", "dataset=x"])
    #expect(listed.status == 0 && listed.stdout == "lr=0.1  --checkpoint is missing: choose a folder\n1 jobs\n")
  }
}
