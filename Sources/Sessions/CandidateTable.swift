import Storage

/// Which items were seen in which locale: what candidates and popularity come from.
public struct CandidateTable: Sendable {
  static let fileName = "products.safetensors"

  /// `[V + 1]`, a bit a locale: seen there in any session of any split, answers included.
  public let localeMask: MappedArray<UInt8>
  /// `[6, V + 1]`, occurrences in the training sessions of each locale, answers included.
  public let trainCount: MappedArray<Int32>

  init(path: String, itemCount: Int) throws {
    let file = try SafetensorsFile(path: path)
    localeMask = try file.array("locale_mask", as: UInt8.self, shape: [itemCount + 1])
    trainCount = try file.array(
      "train_count", as: Int32.self, shape: [ShopLocale.allCases.count, itemCount + 1])
    func check(_ holds: Bool, _ reason: String) throws {
      if !holds { throw SessionsError.malformedDataset(path: path, reason: reason) }
    }
    let locales = Set(ShopLocale.allCases).mask
    try check(localeMask.allSatisfy { $0 & ~locales == 0 }, "a product is of no locale that there is")
    try check(trainCount.allSatisfy { $0 >= 0 }, "a count is negative")
  }

  /// How often an item occurs in the training sessions of a locale.
  public func trainCount(of item: Int32, in locale: ShopLocale) -> Int {
    Int(trainCount[Int(locale.rawValue) * localeMask.count + Int(item)])
  }

  /// Which rows of the catalogue occur in the training sessions of some locales, padding never: `[V + 1]`.
  /// - Parameter locales: empty for all.
  public func rowsSeenInTraining(of locales: Set<ShopLocale>) -> [Bool] {
    let counted = locales.isEmpty ? ShopLocale.allCases : locales.inOrder
    return (0..<Int32(localeMask.count)).map { row in
      counted.contains { trainCount(of: row, in: $0) > 0 }
    }
  }

  /// The items seen in at least one of the locales, in the order of their rows.
  public func items(in locales: Set<ShopLocale>) -> [Int32] {
    let mask = locales.mask
    return (1..<Int32(localeMask.count)).filter { localeMask[Int($0)] & mask != 0 }
  }

  /// The items of the training sessions of a locale, most frequent first; of equals the lower row first.
  public func mostPopular(in locale: ShopLocale, limit: Int) -> [Int32] {
    let counts = trainCount[(Int(locale.rawValue) * localeMask.count)...].prefix(localeMask.count)
    let seen = (1..<Int32(localeMask.count)).filter { counts[counts.startIndex + Int($0)] > 0 }
    return Array(
      seen.sorted { first, second in
        let (left, right) = (counts[counts.startIndex + Int(first)], counts[counts.startIndex + Int(second)])
        return left == right ? first < second : left > right
      }.prefix(limit))
  }
}
