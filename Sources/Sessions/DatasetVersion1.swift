import Storage

/// Data sets as they were when the locales were Amazon's six: a code a name, a byte a session, a mask an item and counts
/// for all six.
///
/// What has no other locales is still written so. Run folders remember the fingerprint of their data set: whoever prepares
/// the same files again must get the same bytes, or no run of before would go on.
enum DatasetVersion1 {
  static let number = 1
  static let names = LocaleNames.amazon

  /// The codes of the locales of some sessions, by the codes that they have here; nil where version 1 cannot hold them.
  static func codes(of names: [String], keepsNameless: Bool) -> [UInt8]? {
    let shops = names.compactMap { name in ShopLocale.allCases.first { $0.name == name } }
    return shops.isEmpty || shops.count < names.count || keepsNameless ? nil : shops.map(\.rawValue)
  }

  /// What an option lists, in the order of the codes.
  static func canonical(_ list: [String]) -> [String] {
    Set(list.compactMap { ShopLocale(name: $0) }).inOrder.map(\.name)
  }

  // MARK: - Writing

  static func tensor(ofLocales codes: [UInt8]) -> SafetensorsTensor { SafetensorsTensor(name: "locale", array: codes) }

  /// - Parameters:
  ///   - rows: of the catalogue, padding counted.
  ///   - codes: of each split's sessions.
  /// - Throws: `SessionsError.tooManyItems`.
  static func products(
    rows: Int, _ splits: [(DatasetSplit, SessionCollector)], codes: [[UInt8]]
  ) throws -> [SafetensorsTensor] {
    var localeMask = [UInt8](repeating: 0, count: rows)
    var trainCount = [Int32](repeating: 0, count: names.count * rows)
    var fits = true
    for ((split, sessions), codes) in zip(splits, codes) {
      for session in 0..<sessions.count {
        let code = Int(codes[session])
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
    for code in 0..<names.count { trainCount[code * rows] = 0 }
    return [
      SafetensorsTensor(name: "locale_mask", array: localeMask),
      SafetensorsTensor(name: "train_count", shape: [names.count, rows], array: trainCount),
    ]
  }

  // MARK: - Reading

  static func locales(of file: SafetensorsFile, sessions: Int) throws -> MappedArray<UInt16> {
    MappedArray(try file.array("locale", as: UInt8.self, shape: [sessions]).map { UInt16($0) })
  }

  static func products(of file: SafetensorsFile, itemCount: Int) throws -> CandidateTable {
    let localeMask = try file.array("locale_mask", as: UInt8.self, shape: [itemCount + 1])
    let trainCount = try file.array("train_count", as: Int32.self, shape: [names.count, itemCount + 1])
    func check(_ holds: Bool, _ reason: String) throws {
      if !holds { throw SessionsError.malformedDataset(path: file.path, reason: reason) }
    }
    let locales = ShopLocale.allCases.reduce(0) { $0 | $1.mask }
    try check(localeMask.allSatisfy { $0 & ~locales == 0 }, "a product is of no locale that there is")
    try check(trainCount.allSatisfy { $0 >= 0 }, "a count is negative")
    try check(
      (0..<names.count).allSatisfy { code in
        localeMask.indices.allSatisfy {
          localeMask[$0] >> code & 1 == 1 || trainCount[code * localeMask.count + $0] == 0
        }
      }, "a product was counted where it was not seen")
    return CandidateTable(localeMask: localeMask, trainCount: trainCount)
  }
}

extension LocaleNames {
  /// Amazon's six by the codes of version 1, as synthetic sessions have them, too.
  public static let amazon = LocaleNames(ShopLocale.allCases.map(\.name))
}

extension CandidateTable {
  /// - Parameters:
  ///   - localeMask: `[V + 1]`, a bit a locale: seen there in any session of any split.
  ///   - trainCount: `[6, V + 1]`, occurrences in the training sessions of each locale.
  package init(localeMask: some RandomAccessCollection<UInt8>, trainCount: some RandomAccessCollection<Int32>) {
    let (mask, counts) = (Array(localeMask), Array(trainCount))
    let rows = mask.count
    precondition(counts.count == LocaleNames.amazon.count * rows, "\(counts.count) counts of \(rows) rows")
    var offsets: [Int64] = [0], items: [Int32] = [], trainCounts: [Int32] = []
    for code in 0..<LocaleNames.amazon.count {
      for row in stride(from: 1, to: rows, by: 1) {
        if mask[row] >> code & 1 == 0 { continue }
        items.append(Int32(row))
        trainCounts.append(counts[code * rows + row])
      }
      offsets.append(Int64(items.count))
    }
    offsets.append(Int64(items.count))
    self.init(
      rows: rows, offsets: MappedArray(offsets), items: MappedArray(items), trainCounts: MappedArray(trainCounts))
  }
}
