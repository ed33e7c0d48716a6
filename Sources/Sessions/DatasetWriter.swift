import Storage

/// Writes the files of a prepared data set, all but its manifest.
enum DatasetWriter {
  /// - Parameters:
  ///   - items: the lines of `items.txt`.
  ///   - itemCount: lines, that is rows of the catalogue without padding.
  static func write(
    items: UnsafeRawBufferPointer, itemCount: Int, splits: [(DatasetSplit, SessionCollector)],
    to folder: FolderTransaction
  ) throws {
    try folder.write(items, as: PreparedDataset.itemsFileName)
    for (split, sessions) in splits {
      try write(
        [
          SafetensorsTensor(name: "offsets", array: sessions.offsets),
          SafetensorsTensor(name: "items", array: sessions.items),
          SafetensorsTensor(name: "target", array: sessions.targets),
          SafetensorsTensor(name: "locale", array: sessions.locales),
        ], as: split.fileName, to: folder)
    }
    try writeCandidates(itemCount: itemCount, splits: splits, to: folder)
  }

  private static func writeCandidates(
    itemCount: Int, splits: [(DatasetSplit, SessionCollector)], to folder: FolderTransaction
  ) throws {
    let rows = itemCount + 1
    var localeMask = [UInt8](repeating: 0, count: rows)
    var trainCount = [Int32](repeating: 0, count: ShopLocale.allCases.count * rows)
    var fits = true
    for (split, sessions) in splits {
      for session in 0..<sessions.count {
        let code = Int(sessions.locales[session])
        func see(_ item: Int) {
          localeMask[item] |= 1 << UInt8(code)
          if split == .train {
            let (count, overflows) = trainCount[code * rows + item].addingReportingOverflow(1)
            trainCount[code * rows + item] = count
            fits = fits && !overflows
          }
        }
        for item in sessions.items(of: session) { see(Int(item)) }
        see(Int(sessions.targets[session]))
      }
    }
    if !fits { throw SessionsError.tooManyItems }
    localeMask[0] = 0  // padding, where unknown answers were counted
    for code in 0..<ShopLocale.allCases.count { trainCount[code * rows] = 0 }
    try write(
      [
        SafetensorsTensor(name: "locale_mask", array: localeMask),
        SafetensorsTensor(name: "train_count", shape: [ShopLocale.allCases.count, rows], array: trainCount),
      ], as: CandidateTable.fileName, to: folder)
  }

  private static func write(
    _ tensors: [SafetensorsTensor], as name: String, to folder: FolderTransaction
  ) throws {
    folder.record(name, sha256: try SafetensorsWriter.write(to: folder.path(of: name), tensors: tensors))
  }
}
