import Sessions

extension PreparedDataset {
  /// The training split, and which of its sessions are trained on.
  /// - Parameter locales: whose sessions, by their names; empty for all.
  /// - Throws: `RunError.noSessions`, `SessionsError.unknownLocale`, `.ambiguousLocale`.
  package func trainingSessions(in locales: [String]) throws -> (table: SessionTable, chosen: [Int32]) {
    let table = split(.train)
    let codes = try self.locales.codes(of: locales)
    let chosen = table.map { $0.sessions(in: codes) }
    guard let table, let chosen, !chosen.isEmpty else {
      throw RunError.noSessions(dataset: folder, locales: locales.joined(separator: ", "))
    }
    return (table, chosen)
  }
}
