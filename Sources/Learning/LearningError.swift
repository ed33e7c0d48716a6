/// What can go wrong with weights while they learn.
public enum LearningError: Error, Equatable, CustomStringConvertible {
  case replicasDiffer(rank: Int, host: String, what: String)

  public var description: String {
    switch self {
    case .replicasDiffer(let rank, let host, let what):
      "rank \(rank) on host \(host) has other weights than rank 0, in \(what): its memory or network may be at fault; "
        + "go on from the last checkpoint without that host"
    }
  }
}
