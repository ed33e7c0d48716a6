import MPI
import Testing

/// How ranks are shared out among tasks.
@Suite struct GroupLayoutTests {
  private func layout(_ work: [Int], ranks: Int, largest: Int = 8) -> [GroupLayout.Group] {
    GroupLayout(work: work, ranks: ranks, largestGroup: largest).groups
  }

  @Test func oneRankDoesAllTheLargestFirst() {
    #expect(layout([3, 9, 5], ranks: 1) == [.init(ranks: 0..<1, tasks: [1, 2, 0])])
  }

  @Test func tasksWithoutAGroupQueueForTheOneThatHasLeastBeforeIt() {
    #expect(
      layout([30, 90, 50, 45], ranks: 2) == [.init(ranks: 0..<1, tasks: [1, 0]), .init(ranks: 1..<2, tasks: [2, 3])])
  }

  @Test func furtherRanksGoWhereMostIsToDo() {
    #expect(
      layout([10, 60, 30], ranks: 7) == [
        .init(ranks: 0..<4, tasks: [1]), .init(ranks: 4..<6, tasks: [2]), .init(ranks: 6..<7, tasks: [0]),
      ])
  }

  @Test func groupsHaveAtMostAsManyRanksAsLanes() {
    let groups = layout([10, 60], ranks: 9, largest: 4)
    #expect(groups == [.init(ranks: 0..<4, tasks: [1]), .init(ranks: 4..<8, tasks: [0])])
  }

  @Test func everyTaskIsDoneOnceAndNoRankIsInTwoGroups() {
    for tasks in 1...7 {
      for ranks in 1...20 {
        let work = (0..<tasks).map { ($0 * 37 + ranks * 11) % 23 }
        let groups = layout(work, ranks: ranks, largest: 8)
        #expect(groups.flatMap(\.tasks).sorted() == Array(0..<tasks))
        #expect(groups.count == min(ranks, tasks))
        var next = 0
        for group in groups {
          #expect(group.ranks.lowerBound == next && (1...8).contains(group.ranks.count))
          next = group.ranks.upperBound
        }
        #expect(next == (ranks <= tasks ? ranks : min(ranks, 8 * tasks)))
      }
    }
  }

  @Test func withoutTasksThereAreNoGroups() {
    #expect(layout([], ranks: 3).isEmpty)
  }

  @Test func aloneAllTasksAreDoneInTheirOrder() throws {
    var order: [Int] = []
    let results = try SoloGroup().perform(GroupLayout(work: [1, 3, 2], ranks: 1, largestGroup: 1)) { task, group in
      order.append(task)
      return task == 0 ? [] : [UInt8(task), UInt8(group.size)]
    }
    #expect(order == [1, 2, 0])
    #expect(results == [[], [1, 1], [2, 1]])
  }
}
