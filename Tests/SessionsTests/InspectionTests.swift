import Foundation
import Sessions
import Testing

@Suite struct InspectionTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func inspect(_ train: [String], test: [String] = []) throws -> DatasetInspection {
    let header = "prev_items,next_item,locale\n"
    let sessions = try folder.write(header + train.joined(separator: "\n") + "\n", as: "s.csv")
    var options = PreparationOptions(sessions: [sessions], out: folder.file("ds"))
    options.splits.validFraction = 0
    if !test.isEmpty { options.test = try folder.write(header + test.joined(separator: "\n") + "\n", as: "t.csv") }
    return DatasetInspection(try PreparedDataset(folder: try DatasetPreparation.run(options).folder))
  }

  @Test func sessionsAndProductsAreCountedByLocale() throws {
    let found = try inspect(
      ["['A' 'B'],C,ES", "['A'],D,ES", "['A' 'E' 'F'],B,FR", "['G'],H,JP"], test: ["['F'],I,FR"])
    #expect(found.items == 9 && found.splits == [.train, .test])
    #expect(Set(found.names) == ["ES", "FR", "JP"])
    #expect(found.locales?["ES"]?.sessions == ["train": 2, "test": 0])
    #expect(found.locales?["FR"]?.sessions == ["train": 1, "test": 1])
    #expect(found.all.sessions == ["train": 4, "test": 1])
    // ES: A B C D; FR: A B E F I, answers and test sessions included; JP: G H.
    #expect(["ES", "FR", "JP"].map { found.locales?[$0]?.products } == [4, 5, 2])
    #expect(["ES", "FR", "JP"].map { found.locales?[$0]?.sharedProducts } == [2, 2, 0])
    #expect(found.all.products == 9 && found.all.sharedProducts == 2)
    #expect(
      found.overlap == [
        "ES": ["ES": 4, "FR": 2, "JP": 0], "FR": ["ES": 2, "FR": 5, "JP": 0], "JP": ["ES": 0, "FR": 0, "JP": 2],
      ])
    #expect(found.locales?["FR"]?.lengths?.mean == 2)
    let lengths = try #require(found.all.lengths)
    #expect(lengths.median == 1 && lengths.percentile95 == 3 && lengths.longest == 3)
  }

  @Test func percentilesAreLengthsThatOccur() throws {
    // Lengths 1 … 40: half are at most 20, 95 % at most 38.
    let sessions = (1...40).map { length in
      "[\((0..<length).map { "'P\($0)'" }.joined(separator: " "))],Q,UK"
    }
    let lengths = try #require(try inspect(sessions.shuffled()).locales?["UK"]?.lengths)
    #expect(lengths.mean == 20.5)
    #expect(lengths.median == 20 && lengths.percentile95 == 38 && lengths.longest == 40)
  }

  @Test func jsonHasTheSameFigures() throws {
    let found = try inspect(["['A'],B,ES", "['A' 'C'],B,IT"])
    let json = try #require(try JSONSerialization.jsonObject(with: found.json()) as? [String: Any])
    let spain = try #require((json["locales"] as? [String: Any])?["ES"] as? [String: Any])
    #expect(spain["products"] as? Int == 2 && spain["shared_products"] as? Int == 2)
    #expect((spain["lengths"] as? [String: Double]) == ["mean": 1, "median": 1, "p95": 1, "max": 1])
    #expect((json["overlap"] as? [String: [String: Int]])?["IT"] == ["ES": 2, "IT": 3])
    #expect((json["all"] as? [String: Any])?["sessions"] as? [String: Int] == ["train": 2])
    #expect(json["fingerprint"] as? String == found.fingerprint)
  }
}
