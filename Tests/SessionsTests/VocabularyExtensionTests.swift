import Foundation
import Sessions
import Storage
import Testing

/// `prepare --vocabulary`: items keep their rows, new ones come after.
@Suite struct VocabularyExtensionTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func prepare(
    _ rows: String, to out: String, extending vocabulary: String? = nil
  ) throws -> PreparedDataset {
    let file = try folder.write("prev_items,next_item,locale\n" + rows, as: out + ".csv")
    var options = PreparationOptions(sessions: [file], out: folder.file(out))
    options.splits.validFraction = 0
    options.vocabulary = vocabulary.map(folder.file)
    return try PreparedDataset(folder: try DatasetPreparation.run(options).folder)
  }

  private func ids(_ dataset: PreparedDataset) -> [String] {
    (1...Int32(dataset.itemCount)).map { dataset.itemIDs.id(of: $0) }
  }

  @Test func oldRowsKeepTheirIndexAndNewOnesComeAfter() throws {
    let first = try prepare("['A1' 'A2'],A3,UK\n", to: "first")
    let second = try prepare("['N1' 'A3'],A1,ES\n['N2' 'N1'],A2,ES\n", to: "second", extending: "first")
    #expect(ids(second) == ["A1", "A2", "A3", "N1", "N2"])
    let train = try #require(second.split(.train))
    #expect(Array(train.items(of: 0)) == [4, 3] && train.targets[0] == 1)
    #expect(Array(train.items(of: 1)) == [5, 4] && train.targets[1] == 2)
    // What the data set has not seen is in no locale of it.
    #expect(second.candidates.items(in: [ShopLocale.es.code]) == [1, 2, 3, 4, 5])
    #expect(second.candidates.items(in: [ShopLocale.uk.code]).isEmpty)
    #expect(second.manifest.options.extendedVocabulary == first.vocabulary)
    #expect(first.manifest.options.extendedVocabulary == nil)
  }

  @Test func withoutNewItemsTheVocabularyIsTheSame() throws {
    let first = try prepare("['A1' 'A2'],A3,UK\n", to: "first")
    let second = try prepare("['A3'],A2,FR\n", to: "second", extending: "first")
    #expect(second.vocabulary == first.vocabulary)
    let third = try prepare("['A3'],B1,FR\n", to: "third", extending: "second")
    #expect(ids(third) == ["A1", "A2", "A3", "B1"])
  }

  /// Such as `items.txt` of a checkpoint without its data set.
  @Test func aListOfItemsIsAVocabulary() throws {
    let list = try folder.write(Array("A1\nA2\n".utf8), as: "items.list")
    let dataset = try prepare("['N1' 'A2'],A1,UK\n", to: "first", extending: "items.list")
    #expect(ids(dataset) == ["A1", "A2", "N1"])
    #expect(try dataset.manifest.options.extendedVocabulary == Checksum.sha256(ofFile: list))
    for (text, line) in [("A1\nA2\nA1\n", 3), ("A1\n\nA2\n", 2), ("A1\nA2", nil), ("", nil)] {
      let list = try folder.write(Array(text.utf8), as: "items.list")
      let error = #expect(throws: SessionsError.self) {
        try prepare("['A3'],A2,FR\n", to: "second", extending: "items.list")
      }
      #expect("\(try #require(error))".hasPrefix("\(list)\(line.map { ":\($0)" } ?? "") is no list of items"))
      #expect(!FileManager.default.fileExists(atPath: folder.file("second")))
    }
  }

  @Test func onlyADataSetCanBeExtended() throws {
    #expect(throws: SessionsError.notADataset(path: folder.file("nowhere"), isThere: false)) {
      try prepare("['A3'],A2,FR\n", to: "second", extending: "nowhere")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("second")))
  }
}
