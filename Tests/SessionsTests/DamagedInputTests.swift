import Foundation
import Sessions
import Storage
import TestSupport
import Testing

/// Inputs with a few bytes changed, removed or put in, many times over: each is read, or refused in one short line that a
/// terminal can show. The script scripts/fuzz.sh does the same to the executable, more often.
@Suite struct DamagedInputTests {
  /// More of them in a long run: scripts/torture.sh inputs:100000.
  private static let rounds = ProcessInfo.processInfo.environment["CARAVAN_DAMAGE_ROUNDS"].flatMap { Int($0) } ?? 300
  private let folder: TemporaryFolder
  private let dataset: String
  private let train: String
  private let test: String
  private let truth: String

  init() throws {
    folder = try TemporaryFolder()
    var options = SynthesisOptions(sessions: 60, items: 30, out: folder.file("s"))
    options.testFraction = 0.2
    let made = try SyntheticSessions.write(options)
    (train, test, truth, dataset) = (made.trainPath, made.testPath, made.truthPath, folder.file("ds"))
    var preparation = PreparationOptions(sessions: [train], out: dataset)
    (preparation.test, preparation.truth) = (test, truth)
    _ = try DatasetPreparation.run(preparation)
  }

  /// - Parameter use: reads the damaged file at this path.
  private func damage(_ path: String, as name: String, _ use: (String, Int) throws -> Void) throws {
    let whole = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
    var refused = 0
    for round in 0..<Self.rounds {
      var damage = Damage(seed: UInt64(round))
      let damaged = try folder.write(damage.applied(to: whole), as: name)
      do {
        try use(damaged, round)
      } catch {
        refused += 1
        let line = String(describing: error).replacingOccurrences(of: folder.path, with: "")
        let isPrintable = line.unicodeScalars.allSatisfy {
          ![.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
        #expect(isPrintable && line.count <= 400, "round \(round): \(line)")
        #expect(error is SessionsError || error is StorageError)
      }
    }
    #expect(refused > 30, "\(refused) of \(Self.rounds) were refused")
  }

  private func prepare(_ sessions: String, _ round: Int, _ change: (inout PreparationOptions) -> Void) throws {
    var options = PreparationOptions(sessions: [sessions], out: folder.file("out"))
    (options.skipsBadRows, options.replacesExisting, options.defaultLocale) = (round % 3 == 0, true, "UK")
    change(&options)
    _ = try PreparedDataset(folder: DatasetPreparation.run(options).folder)
  }

  @Test func sessionsAsCSV() throws {
    try damage(train, as: "x.csv") { path, round in try prepare(path, round) { _ in } }
  }

  @Test func sessionsAsInter() throws {
    let rows = (0..<40).map { "\($0 / 3)\t\(1 + $0 % 7) \(2 + $0 % 5) 0\t\($0 % 6)\t\(["UK", "JP"][$0 % 2])\t2.0" }
    let header = "session_id:token\titem_id_list:token_seq\titem_id:token\titem_locale:token\titem_length:float"
    let path = try folder.write(([header] + rows).joined(separator: "\n"), as: "whole.inter")
    try damage(path, as: "x.inter") { path, round in try prepare(path, round) { _ in } }
  }

  @Test func answers() throws {
    try damage(truth, as: "x.csv") { path, round in
      try prepare(train, round) { options in (options.test, options.truth) = (test, path) }
    }
  }

  @Test func sessionsToPredictFor() throws {
    let catalog = try PreparedDataset(folder: dataset).itemIDs
    try damage(test, as: "x.csv") { path, round in
      let sessions = try TranslatedSessions.read(
        path: path, defaultLocale: "UK", catalog: catalog, maxLength: 50, skipsBadRows: round % 3 == 0)
      #expect(sessions.table.count > 0 && sessions.sessionsWithoutLocale.allSatisfy { $0 < sessions.table.count })
    }
  }

  /// With the checksums that go with the damage, so that what is read is judged by what it says.
  @Test(arguments: ["dataset.json", "items.txt", "train.safetensors", "products.safetensors"])
  func filesOfADataSet(name: String) throws {
    let copy = folder.file("copy")
    try FileManager.default.copyItem(atPath: dataset, toPath: copy)
    let manifest = try String(contentsOfFile: dataset + "/dataset.json", encoding: .utf8)
    let before = try Checksum.sha256(ofFile: dataset + "/" + name)
    try damage(dataset + "/" + name, as: "copy/" + name) { path, _ in
      if name != "dataset.json" {
        let signed = manifest.replacingOccurrences(of: before, with: try Checksum.sha256(ofFile: path))
        try Data(signed.utf8).write(to: URL(fileURLWithPath: copy + "/dataset.json"))
      }
      let inspection = DatasetInspection(try PreparedDataset(folder: copy))
      #expect(inspection.items > 0)
    }
  }

  /// Numbers of a manifest that would be capacities, lengths or counts.
  @Test(arguments: ["items", "maxLength", "sessions", "clicks"])
  func numbersThatMakeNoSenseAreRefused(key: String) throws {
    let path = dataset + "/dataset.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for number in [
      "-1", "0", "1", "2147483647", "4294967296", "9223372036854775807", "9223372036854775808", "1e3", "0.5",
    ] {
      let changed = text.replacing(try Regex("\"\(key)\" : [0-9]+"), with: "\"\(key)\" : \(number)")
      try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
      // Longer than any session, and therefore sense.
      if key == "maxLength", ["2147483647", "4294967296", "9223372036854775807", "1e3"].contains(number) { continue }
      #expect(throws: SessionsError.self, "\(key) \(number)") { try PreparedDataset(folder: dataset) }
    }
  }
}
