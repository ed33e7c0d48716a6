import Foundation
import Sessions
import Storage
import Testing

@Suite struct SyntheticSessionsTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func write(_ out: String, sessions: Int = 20_000, items: Int = 2_000, seed: UInt64 = 1) throws
    -> SynthesisSummary
  {
    var options = SynthesisOptions(sessions: sessions, items: items, out: folder.file(out))
    options.seed = seed
    return try SyntheticSessions.write(options)
  }

  private func prepared(_ summary: SynthesisSummary) throws -> PreparedDataset {
    var options = PreparationOptions(sessions: [summary.trainPath], out: folder.file("ds"))
    options.test = summary.testPath
    options.truth = summary.truthPath
    options.splits.validFraction = 0
    return try PreparedDataset(folder: try DatasetPreparation.run(options).folder)
  }

  @Test func sameSeedSameBytes() throws {
    let first = try write("a", sessions: 500)
    let again = try write("b", sessions: 500)
    let other = try write("c", sessions: 500, seed: 2)
    #expect(try Checksum.sha256(ofFile: first.trainPath) == Checksum.sha256(ofFile: again.trainPath))
    #expect(try Checksum.sha256(ofFile: first.truthPath) == Checksum.sha256(ofFile: again.truthPath))
    #expect(try Checksum.sha256(ofFile: first.trainPath) != Checksum.sha256(ofFile: other.trainPath))
  }

  @Test func theFilesAreReadBackWithTheRightShape() throws {
    let summary = try write("a")
    let dataset = try prepared(summary)
    let train = try #require(dataset.split(.train))
    let test = try #require(dataset.split(.test))
    #expect(train.count == 19_000 && test.count == 1_000)
    #expect(dataset.itemCount <= 2_000 && dataset.itemCount > 1_800)
    let id = dataset.itemIDs.id(of: 1)
    #expect(id.hasPrefix("B0") && id.count == 10)
    let lengths = (0..<train.count).map { train.range(of: $0).count }
    #expect(lengths.min() == 1 && (lengths.max() ?? 0) <= 50)
    // A standard deviation of 4 makes one of 0.03 for the mean of 19,000.
    #expect(abs(Double(train.clickCount) / Double(train.count) - 3.4) < 0.15)
    #expect(train.sessionCounts(of: dataset.locales).allSatisfy { $0 > 1_000 })
  }

  @Test func thereIsStructureToLearn() throws {
    let dataset = try prepared(try write("a"))
    let train = try #require(dataset.split(.train))
    let test = try #require(dataset.split(.test))
    var followers: [Int32: [Int32: Int]] = [:]
    var counts: [Int32: Int] = [:]
    for session in 0..<train.count {
      let items = Array(train.items(of: session)) + [train.targets[session]]
      for (item, next) in zip(items, items.dropFirst()) { followers[item, default: [:]][next, default: 0] += 1 }
      for item in items { counts[item, default: 0] += 1 }
    }
    func top(_ counts: [Int32: Int], _ limit: Int) -> [Int32] {
      Array(counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(limit).map(\.key))
    }
    // Power law: the most popular twentieth has over a quarter of the clicks, and is far from having all.
    let popular = top(counts, dataset.itemCount / 20)
    let share = Double(popular.reduce(0) { $0 + (counts[$1] ?? 0) }) / Double(counts.values.reduce(0, +))
    #expect(share > 0.25 && share < 0.8)
    // What followed the last item finds far more answers than what is popular.
    let bestsellers = Set(popular.prefix(20))
    var byPair = 0
    var byPopularity = 0
    for session in 0..<test.count {
      guard let last = test.items(of: session).last else { continue }
      if top(followers[last] ?? [:], 20).contains(test.targets[session]) { byPair += 1 }
      if bestsellers.contains(test.targets[session]) { byPopularity += 1 }
    }
    #expect(byPair > 500 && byPopularity < 300)
    // Shops share items, and have others of their own.
    let inspection = DatasetInspection(dataset), parts = try #require(inspection.locales?.values)
    #expect(inspection.all.sharedProducts ?? 0 > 100)
    #expect(parts.allSatisfy { ($0.sharedProducts ?? 0) < $0.products })
  }

  @Test func nonsenseIsRefused() throws {
    #expect(throws: SessionsError.self) { try write("x", sessions: 0) }
    #expect(throws: SessionsError.self) { try write("x", items: 11) }
    for fraction in [-0.5, 1, .nan] {
      var options = SynthesisOptions(sessions: 10, items: 100, out: folder.file("x"))
      options.testFraction = fraction
      #expect(throws: SessionsError.self) { try SyntheticSessions.write(options) }
    }
    #expect(try folder.names() == [])
    let summary = try write("a", sessions: 50)
    #expect(throws: StorageError.alreadyExists(path: summary.trainPath)) { try write("a", sessions: 50) }
    #expect(try write("small", sessions: 100, items: 12).trainSessions == 95)
  }
}
