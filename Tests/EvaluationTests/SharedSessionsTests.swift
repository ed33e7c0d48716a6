import Evaluation
import Sessions
import Testing

@Suite struct SharedSessionsTests {
  private let sessions = SessionTable(
    sessions: [[1, 2, 3], [1, 1, 2], [3, 1], [4]], targets: [5, 5, 2, 0], locales: [0, 0, 1, 1])

  @Test func aSessionCountsOnceHoweverOftenItHasAnItem() {
    let shared = SharedSessions(of: [2, 5], with: [1, 3, 1], in: sessions)
    let two = shared.reasons(for: 2)
    #expect(two.map(\.click) == [1, 3] && two.map(\.sessions) == [3, 2])
    let five = shared.reasons(for: 5)
    #expect(five.map(\.click) == [1, 3] && five.map(\.sessions) == [2, 1])
  }

  @Test func anItemIsNoReasonForItself() {
    let shared = SharedSessions(of: [1, 4, 6], with: [1, 4], in: sessions)
    #expect(shared.reasons(for: 1).isEmpty && shared.reasons(for: 4).isEmpty && shared.reasons(for: 6).isEmpty)
  }
}
