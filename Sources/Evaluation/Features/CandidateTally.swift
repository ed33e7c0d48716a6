import MPI

/// What was found, in numbers.
package struct CandidateTally: Equatable, Sendable {
  package internal(set) var sessions = 0
  /// Candidates of all sessions.
  package internal(set) var candidates = 0
  /// Sessions whose answer is among them.
  package internal(set) var answers = 0
  /// Sessions without any.
  package internal(set) var empty = 0

  package init() {}

  package mutating func add(_ other: CandidateTally) {
    sessions += other.sessions
    candidates += other.candidates
    answers += other.answers
    empty += other.empty
  }

  /// Adds up those of all ranks; collective.
  mutating func sum(over group: any ProcessGroup) throws(MPIError) {
    var sums = [sessions, candidates, answers, empty]
    try group.sum(&sums)
    (sessions, candidates, answers, empty) = (sums[0], sums[1], sums[2], sums[3])
  }
}
