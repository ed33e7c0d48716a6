/// Which rows belong to one session: those that share a session id, as files have them in which every prefix of a
/// session is a row of its own.
///
/// Sessions are numbered from 0 in the order of their first rows. A row without an id is a session by
/// itself, unless it goes on with the row before it.
final class SessionGrouping {
  private let ids = Vocabulary()
  /// Of each id, in the order of their first appearance.
  private var sessionOfID: [Int32] = []
  private var idRows: [Int32] = []
  /// The session of each row.
  private(set) var sessions: [Int32] = []
  /// Different sessions.
  private(set) var count = 0

  /// Takes in the next row.
  /// - Parameter id: as it stands in the file; nil where there is none.
  /// - Throws: `SessionsError.tooManyItems`.
  func append(_ id: TextSlice?) throws {
    guard let id else { return try appendNewSession() }
    idRows.removeAll(keepingCapacity: true)
    try ids.appendRows(of: [id], from: 0, to: &idRows)
    let place = Int(idRows[0]) - 1
    if place < sessionOfID.count { return sessions.append(sessionOfID[place]) }
    sessionOfID.append(Int32(count))
    try appendNewSession()
  }

  /// Takes in a row without an id that is one of the session of the row before it.
  func appendToLast() { sessions.append(sessions[sessions.count - 1]) }

  private func appendNewSession() throws {
    guard count < Int(Int32.max) else { throw SessionsError.tooManyItems }
    sessions.append(Int32(count))
    count += 1
  }

  /// Draws sessions by a permutation that the seed fixes, and marks their rows.
  /// - Parameter fraction: what share of the sessions is drawn; at least one is not.
  /// - Returns: for each row whether its session was drawn.
  func draw(_ fraction: Double, permutation: (Int) -> [Int32]) -> [Bool] {
    let drawn = min(Int((fraction * Double(count)).rounded()), count - 1)
    if drawn <= 0 { return [Bool](repeating: false, count: sessions.count) }
    var isDrawn = [Bool](repeating: false, count: count)
    for session in permutation(count).prefix(drawn) { isDrawn[Int(session)] = true }
    return sessions.map { isDrawn[Int($0)] }
  }
}
