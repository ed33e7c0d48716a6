import Foundation
import MPI
import Sessions

/// What a file calls its sessions, for all ranks to write.
struct SessionNames: Codable {
  /// Of a click log's sessions; nil of a session file, whose rows are the sessions.
  let ids: [String]?
  /// The locale of each session, empty where it has none; nil where the file names none.
  let locales: [String]?
  let hasAnswers: Bool

  init(_ asked: TranslatedSessions) {
    ids = asked.sessionIDs
    locales = asked.hasLocales ? (0..<asked.table.count).map { asked.locale(of: $0) ?? "" } : nil
    hasAnswers = asked.hasAnswers
  }

  /// Rank 0's names, on every rank; collective.
  /// - Parameter names: on rank 0; nil on the others.
  static func broadcast(_ names: SessionNames?, group: any ProcessGroup) throws -> SessionNames {
    if let names, group.size == 1 { return names }
    var bytes = try names.map { Array(try JSONEncoder().encode($0)) } ?? []
    try group.broadcast(resizing: &bytes, from: 0)
    return try names ?? JSONDecoder().decode(SessionNames.self, from: Data(bytes))
  }
}
