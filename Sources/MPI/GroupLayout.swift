/// How ranks come together in groups, and which tasks each group does, one after another.
///
/// With as many ranks as tasks or more, every task has a group, the larger the more there is to do. With fewer,
/// every rank is a group of its own and the tasks queue: the next largest goes to the group that has the least
/// before it. Every rank works out the same layout; it decides when a task is done, never what comes out.
public struct GroupLayout: Equatable, Sendable {
  /// Ranks that come together, and what they do.
  public struct Group: Equatable, Sendable {
    /// Neighbours, so that a group is spread over no more nodes than it must be.
    public var ranks: Range<Int>
    /// The tasks in their order, the largest first.
    public var tasks: [Int]

    /// - Parameter tasks: in the order in which they are done.
    public init(ranks: Range<Int>, tasks: [Int]) {
      self.ranks = ranks
      self.tasks = tasks
    }
  }

  /// In the order of their ranks.
  public let groups: [Group]
  /// How many tasks there are.
  public let taskCount: Int

  /// - Parameters:
  ///   - work: how much there is to do for each task, in any unit; not negative.
  ///   - ranks: how many there are.
  ///   - largestGroup: ranks beyond it are in no group.
  public init(work: [Int], ranks: Int, largestGroup: Int) {
    precondition(ranks > 0 && largestGroup > 0, "\(ranks) ranks in groups of at most \(largestGroup)")
    let count = min(ranks, work.count)
    var queues = [[Int]](repeating: [], count: count)
    var loads = [Int](repeating: 0, count: count)
    for task in work.indices.sorted(by: { (work[$1], $0) < (work[$0], $1) }) {
      let group = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) }!
      queues[group].append(task)
      loads[group] += max(1, work[task])
    }
    var sizes = [Int](repeating: 1, count: count)
    for _ in count..<max(count, ranks) {
      // The group that has the most to do a rank gets the next one; of equals the first.
      func key(_ group: Int) -> (Double, Int) { (Double(loads[group]) / Double(sizes[group]), -group) }
      let growing = sizes.indices.filter { sizes[$0] < largestGroup }
      guard let busiest = growing.max(by: { key($0) < key($1) }) else { break }
      sizes[busiest] += 1
    }
    let starts = blockStarts(sizes)
    groups = queues.indices.map { Group(ranks: starts[$0]..<starts[$0] + sizes[$0], tasks: queues[$0]) }
    taskCount = work.count
  }

  /// One group of all ranks that does one task after another.
  public init(inTurn tasks: Int, ranks: Int) {
    groups = [Group(ranks: 0..<ranks, tasks: Array(0..<tasks))]
    taskCount = tasks
  }
}

extension ProcessGroup {
  /// Does tasks in groups of ranks, side by side and one after another; collective.
  /// - Parameters:
  ///   - layout: made for `size` ranks.
  ///   - body: does a task on all ranks of a group and returns its result, of which that of the group's rank 0
  ///     counts; nil if the group is to do no more tasks.
  /// - Returns: the tasks' results, on every rank; nil for those that were not done.
  /// - Throws: what `body` throws, on the ranks where it does; the others may wait for them in vain.
  public func perform(
    _ layout: GroupLayout, _ body: (_ task: Int, _ group: any ProcessGroup) throws -> [UInt8]?
  ) throws -> [[UInt8]?] {
    let own = layout.groups.firstIndex { $0.ranks.contains(rank) }
    var results = [[UInt8]?](repeating: nil, count: layout.taskCount)
    if let group = try split(color: own, key: rank), let own {
      for task in layout.groups[own].tasks {
        guard let result = try body(task, group) else { break }
        if group.rank == 0 { results[task] = result }
      }
      try (group as? Communicator)?.free()
    }
    return try results.map { result in
      var isDone = [result == nil ? Int32(0) : 1]
      try maximum(&isDone)
      let collected = try allGather(result ?? []).all
      return isDone[0] == 1 ? collected : nil
    }
  }
}
