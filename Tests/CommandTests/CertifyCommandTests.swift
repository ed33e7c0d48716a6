import Foundation
import TestSupport
import Testing

/// `caravan certify`: certificates that are made, verified and not believed.
@Suite(.serialized) final class CertifyCommandTests {
  private let folder: String
  private let dataset: String

  init() throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 2000, items: 300)
    try "model: STAMP\nbatch_size: 64\nembedding_size: 16\n"
      .write(toFile: folder + "/stamp.yaml", atomically: true, encoding: .utf8)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func certify(_ arguments: [String], on dataset: String? = nil) throws -> MPIRun.Outcome {
    try CaravanCommand.run(
      ["certify", "--dataset", dataset ?? self.dataset, "--work", folder + "/work"] + arguments)
  }

  @Test func aCertificateIsMadeVerifiedAndRefuted() throws {
    let path = folder + "/certificate.json"
    let made = try certify([
      "--config", folder + "/stamp.yaml", "--ranks", "1,3", "--threads", "1,2", "--steps", "5", "--out", path,
    ])
    #expect(made.status == 0, "\(made.stderr)")
    let lines = made.stdout.split(separator: "\n")
    #expect(lines.last == "same")
    #expect(
      lines.dropFirst().dropLast().map { $0.prefix { $0 != " " } } == [
        "reference", "repeat", "ranks", "threads", "layout", "restart",
      ])
    #expect(!FileManager.default.fileExists(atPath: folder + "/work"))

    let verified = try certify(["--verify", path, "--ranks", "2", "--threads", "1", "--layouts", "sharded"])
    #expect(verified.status == 0 && verified.stdout.hasSuffix("same\n"), "\(verified.stderr)\(verified.stdout)")

    // A certificate of other weights: one digit of their checksum.
    var text = try String(contentsOfFile: path, encoding: .utf8)
    let place = try #require(text.range(of: "\"model\" : \""))
    let digit = text[place.upperBound]
    text.replaceSubrange(place.upperBound...place.upperBound, with: digit == "0" ? "1" : "0")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let refuted = try certify(["--verify", path, "--ranks", "1", "--threads", "1", "--layouts", "replicated"])
    #expect(refuted.status == 1 && refuted.stdout.hasSuffix("different\n"))
  }

  @Test func whatCannotBeComparedIsToldBeforehand() throws {
    let other = try CaravanCommand.prepareDataset(in: folder + "/other", sessions: 1000, items: 200)
    let path = folder + "/certificate.json"
    let made = try certify([
      "--config", folder + "/stamp.yaml", "--ranks", "1", "--threads", "1", "--layouts", "replicated", "--steps", "3",
      "--out", path,
    ])
    #expect(made.status == 0, "\(made.stderr)")
    for (arguments, dataset, words, status) in [
      (["--verify", path], other, "is of another data set", 1), ([], self.dataset, "give --config or --verify", 64),
      (["--verify", folder + "/stamp.yaml"], self.dataset, "is no certificate", 1),
      (["--config", path, "--steps", "1"], self.dataset, "--steps is a whole number from 2", 64),
      (["--config", folder + "/stamp.yaml", "--ranks", "0"], self.dataset, "--ranks is a list such as 1,2,4", 64),
      (
        ["--config", folder + "/stamp.yaml", "--steps", "100000", "--ranks", "1"], self.dataset, "fewer than --steps", 1
      ),
      (["--config", folder + "/stamp.yaml", "--out", path], self.dataset, "exists already", 1),
      (["--config", folder + "/nothing.yaml"], self.dataset, "nothing.yaml", 1),
    ] {
      let outcome = try certify(arguments, on: dataset)
      #expect(outcome.status == Int32(status) && outcome.stderr.contains(words), "\(outcome.stderr)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/work"))
    }
  }
}
