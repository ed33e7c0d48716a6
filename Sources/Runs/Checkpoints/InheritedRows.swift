import Sessions

/// What the item table had learned before the training that a checkpoint is of: from the checkpoint that it was adapted
/// from, and from those before that.
public struct InheritedRows: Codable, Equatable, Sendable {
  /// How many rows, the first ones, another data set had; it is not known which of them no session had, and so all count.
  var items: Int
  /// The locales of this data set whose sessions were trained on before, by their names; empty for all, nil for none.
  var locales: [String]?
}

extension CheckpointState {
  /// What a model inherits that is adapted from this checkpoint.
  /// - Parameter dataset: that it will be trained on.
  func inheritance(for dataset: PreparedDataset) -> InheritedRows {
    if self.dataset != dataset.fingerprint { return InheritedRows(items: items, locales: nil) }
    let before = inherited ?? InheritedRows(items: 0, locales: nil)
    let isAll = locales.isEmpty || before.locales?.isEmpty ?? false
    return InheritedRows(
      items: before.items, locales: isAll ? [] : Set(locales).union(before.locales ?? []).sorted())
  }

  /// Whether training was on another data set of the same items, whose sessions may be divided otherwise.
  func isOfAnotherPreparation(than dataset: PreparedDataset) -> Bool {
    self.dataset != dataset.fingerprint && items == dataset.itemCount
  }

  /// Which rows of the catalogue training saw, padding never: `[V + 1]`; nil where it was on another data set, which does
  /// not say.
  package func trainedRows(of dataset: PreparedDataset) -> [Bool]? {
    if self.dataset != dataset.fingerprint { return nil }
    var isTrained = dataset.candidates.rowsSeenInTraining(of: localeCodes(of: dataset))
    guard let inherited else { return isTrained }
    for row in 1..<min(inherited.items + 1, isTrained.count) { isTrained[row] = true }
    guard let names = inherited.locales else { return isTrained }
    let codes = names.isEmpty ? nil : Set(names.compactMap(dataset.locales.code(of:)))
    return zip(isTrained, dataset.candidates.rowsSeenInTraining(of: codes)).map { $0 || $1 }
  }
}

extension [CheckpointState] {
  /// Which rows any of them was trained on; nil where one does not say.
  package func trainedRows(of dataset: PreparedDataset) -> [Bool]? {
    let all = compactMap { $0.trainedRows(of: dataset) }
    guard let first = all.first, all.count == count else { return nil }
    return all.dropFirst().reduce(first) { known, own in zip(known, own).map { $0 || $1 } }
  }
}
