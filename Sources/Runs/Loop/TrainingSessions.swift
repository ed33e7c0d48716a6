import Sessions

extension PreparedDataset {
  /// The training split, and which of its sessions are trained on.
  /// - Parameter locales: whose sessions; empty for all.
  /// - Throws: `RunError.noSessions`.
  package func trainingSessions(in locales: Set<ShopLocale>) throws -> (table: SessionTable, chosen: [Int32]) {
    let table = split(.train)
    let chosen = table.map { locales.isEmpty ? Array(0..<Int32($0.count)) : $0.sessions(in: locales) }
    guard let table, let chosen, !chosen.isEmpty else {
      throw RunError.noSessions(
        dataset: folder, locales: locales.inOrder.map(\.name).joined(separator: ", "))
    }
    return (table, chosen)
  }
}
