extension SyntheticSessions {
  /// Made-up sessions in memory, for measurements: item n of the shop is row n + 1 of the catalogue.
  /// - Parameters:
  ///   - sessions: how many.
  ///   - items: of the catalogue; at least two for each of the six locales.
  package static func table(sessions: Int, items: Int, seed: UInt64) -> SessionTable {
    let shop = SyntheticShop(itemCount: items, locales: ShopLocale.allCases, seed: seed)
    var visits: [[Int32]] = [], targets: [Int32] = [], locales: [ShopLocale] = [], visit: [Int32] = []
    for number in 0..<sessions {
      locales.append(shop.visit(number: number, items: &visit))
      targets.append(visit.removeLast() + 1)
      visits.append(visit.map { $0 + 1 })
    }
    return SessionTable(sessions: visits, targets: targets, locales: locales)
  }
}
