import Sessions
import Tensors

/// Sessions by the items that they have: which others share some with a session.
final class SessionIndex: Sendable {
  /// `[sessions + 1]`: where the items of each session begin, and one place after the last.
  private let offsets: [Int]
  /// Each item of a session once, its answer among them where that is known.
  private let items: [Int32]
  /// `[sessions]`: 0 where it is not known.
  let answers: [Int32]
  /// `[rows + 1]`: where the sessions of each item begin, and one place after the last.
  private let sessionOffsets: [Int]
  /// Rising for each item.
  private let sessions: [Int32]

  /// Rows of the catalogue, the padding row counted.
  let rows: Int

  /// - Parameters:
  ///   - training: sessions, by their numbers, that count with their answers.
  ///   - ranked: sessions that count without, behind the others; nil where none do.
  ///   - rows: of the catalogue, the padding row counted.
  init(
    training: (table: SessionTable, selection: [Int32]), ranked: (table: SessionTable, selection: [Int32])?, rows: Int
  ) {
    var offsets = [0], items: [Int32] = [], answers: [Int32] = []
    func append(_ session: Int32, of table: SessionTable, answer: Int32) {
      items += (Array(table.items(of: Int(session))) + (answer == 0 ? [] : [answer])).distinct
      offsets.append(items.count)
      answers.append(answer)
    }
    for session in training.selection {
      append(session, of: training.table, answer: training.table.targets[Int(session)])
    }
    if let ranked { for session in ranked.selection { append(session, of: ranked.table, answer: 0) } }
    // Where each item begins stands one place behind it, and moves to its end as its sessions are put there.
    var ends = [Int](repeating: 0, count: rows + 1)
    for item in items { ends[Int(item) + 1] += 1 }
    for row in 0..<rows { ends[row + 1] += ends[row] }
    var sessions = [Int32](repeating: 0, count: items.count)
    for session in answers.indices {
      for place in offsets[session]..<offsets[session + 1] {
        let row = Int(items[place])
        sessions[ends[row]] = Int32(session)
        ends[row] += 1
      }
    }
    self.offsets = offsets
    self.items = items
    self.answers = answers
    self.sessions = sessions
    sessionOffsets = [0] + ends.dropLast()
    self.rows = rows
  }

  /// Sessions.
  var count: Int { answers.count }

  /// The items of a session.
  func items(of session: Int32) -> ArraySlice<Int32> { items[offsets[Int(session)]..<offsets[Int(session) + 1]] }

  /// The last sessions that have an item.
  func sessions(with item: Int32, limit: Int) -> ArraySlice<Int32> {
    sessions[sessionOffsets[Int(item)]..<sessionOffsets[Int(item) + 1]].suffix(limit)
  }
}
