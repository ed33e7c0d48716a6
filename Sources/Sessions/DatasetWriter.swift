import Storage

/// Writes the files of a prepared data set, all but its manifest.
enum DatasetWriter {
  /// - Parameters:
  ///   - items: the lines of `items.txt`.
  ///   - itemCount: lines, that is rows of the catalogue without padding.
  ///   - localeCount: how many locales the sessions have.
  ///   - version1: the codes of these locales in version 1; nil to write the current one.
  static func write(
    items: UnsafeRawBufferPointer, itemCount: Int, localeCount: Int, splits: [(DatasetSplit, SessionCollector)],
    version1: [UInt8]?, to folder: FolderTransaction
  ) throws {
    try folder.write(items, as: PreparedDataset.itemsFileName)
    let codes = version1.map { codes in splits.map { $0.1.locales.map { codes[Int($0)] } } }
    for (place, (split, sessions)) in splits.enumerated() {
      try write(
        [
          SafetensorsTensor(name: "offsets", array: sessions.offsets),
          SafetensorsTensor(name: "items", array: sessions.items),
          SafetensorsTensor(name: "target", array: sessions.targets),
          codes.map { DatasetVersion1.tensor(ofLocales: $0[place]) }
            ?? SafetensorsTensor(name: "locale", array: sessions.locales),
        ], as: split.fileName, to: folder)
    }
    let products =
      try codes.map { try DatasetVersion1.products(rows: itemCount + 1, splits, codes: $0) }
      ?? CandidateTable(rows: itemCount + 1, localeCount: localeCount, splits).tensors
    try write(products, as: CandidateTable.fileName, to: folder)
  }

  private static func write(
    _ tensors: [SafetensorsTensor], as name: String, to folder: FolderTransaction
  ) throws {
    folder.record(name, sha256: try SafetensorsWriter.write(to: folder.path(of: name), tensors: tensors))
  }
}
