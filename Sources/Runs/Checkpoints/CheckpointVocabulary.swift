import Foundation
import Sessions
import Storage

extension Checkpoint {
  /// Checks that the rows of the item table are the first items of a data set.
  /// - Throws: `CheckpointError.vocabularyDiffers` for the first row that is another item, `.otherVocabulary` where the
  ///   checkpoint does not hold its vocabulary.
  func requireVocabulary(of dataset: PreparedDataset) throws {
    if state.vocabulary == dataset.vocabulary { return }
    if dataset.beginsWith(items: state.items, vocabulary: state.vocabulary) { return }
    guard state.files[Self.itemsFile] != nil else {
      throw CheckpointError.otherVocabulary(path: folder, dataset: dataset.folder)
    }
    let saved = try ItemCatalog(path: path(Self.itemsFile), count: state.items)
    for row in 1..<Int32(state.items + 1) {
      let current = row <= dataset.itemCount ? dataset.itemIDs.id(of: row) : nil
      if saved.id(of: row) == current { continue }
      throw CheckpointError.vocabularyDiffers(
        row: Int(row), saved: saved.id(of: row), current: current, path: folder, dataset: dataset.folder)
    }
    throw CheckpointError.otherVocabulary(path: folder, dataset: dataset.folder)
  }
}

extension PreparedDataset {
  /// Whether the first items are those of a vocabulary, by the SHA-256 of its lines.
  func beginsWith(items: Int, vocabulary: String) -> Bool {
    guard itemCount >= items else { return false }
    return itemIDs.withUnsafeLines(ofFirst: items) { Checksum.sha256(of: $0) } == vocabulary
  }
}
