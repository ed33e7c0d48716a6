/// What is known when ranks that are waited for do not answer.
public struct Silence: Equatable, Sendable, CustomStringConvertible {
  /// What the ranks that wait are doing.
  let activity: String
  /// How long the one that tells has waited.
  let waited: Duration
  /// World ranks that wait as well, this one included, and those that were not heard of, with their hosts.
  let waiting: [Int]
  let missing: [(rank: Int, host: String)]

  /// Two that read alike are equal: time counts in whole seconds.
  public static func == (left: Silence, right: Silence) -> Bool { left.description == right.description }

  public var description: String {
    let time = "\(waited.components.seconds) s"
    guard !missing.isEmpty else {
      return
        "\(activity): all \(waiting.count) ranks have waited for one another for \(time), and messages between them "
        + "are lost: check the network between the hosts, and start the same command again"
    }
    let names = missing.prefix(8).map { "rank \($0.rank) on host \($0.host)" }.joined(separator: ", ")
    let others = missing.count > 8 ? " and \(missing.count - 8) others" : ""
    return "\(activity): no answer for \(time) from \(names)\(others), stopped, cut off or busy for longer than "
      + "--hang-timeout; \(waiting.count == 1 ? "1 rank waits" : "\(waiting.count) ranks wait"): start the same command again"
  }
}
