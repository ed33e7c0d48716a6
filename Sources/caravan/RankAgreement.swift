import Foundation
import MPI
import Text

/// What all ranks must have in common before a job begins: they would train different models otherwise, or wait for one
/// another for ever.
enum RankAgreement {
  /// Compares this rank's facts with rank 0's; collective.
  /// - Throws: `Difference` on the first rank that has other facts, on the others `MPIError.peerFailed`.
  static func require(
    _ facts: [(name: String, value: String)], _ group: any ProcessGroup, advice: String = "give all ranks the same"
  ) throws {
    let own = facts.map { Fact(name: $0.name, value: $0.value) }
    var bytes = Array(try JSONEncoder().encode(own))
    var leaderHost = MPIRuntime.hostname
    try group.broadcast(resizing: &bytes, from: 0)
    try group.broadcast(&leaderHost, from: 0)
    try group.together {
      let leader = try JSONDecoder().decode([Fact].self, from: Data(bytes))
      guard let (name, mine, theirs) = firstDifference(own, leader) else { return }
      throw Difference(
        name: name, value: mine, rank: group.rank, host: MPIRuntime.hostname, leaderValue: theirs,
        leaderHost: leaderHost, advice: advice)
    }
  }

  private struct Fact: Codable, Equatable {
    let name: String
    let value: String
  }

  /// The first fact that differs, as it is here and on rank 0.
  private static func firstDifference(_ own: [Fact], _ leader: [Fact]) -> (String, mine: String?, theirs: String?)? {
    func values(_ facts: [Fact], _ name: String) -> String? {
      let all = facts.filter { $0.name == name }.map(\.value)
      return all.isEmpty ? nil : all.joined(separator: ", ")
    }
    for name in (leader + own).map(\.name) where values(own, name) != values(leader, name) {
      return (name, values(own, name), values(leader, name))
    }
    return nil
  }

  /// A fact that is not the same on two ranks.
  struct Difference: Error, CustomStringConvertible {
    let name: String
    let value: String?
    let rank: Int
    let host: String
    let leaderValue: String?
    let leaderHost: String
    let advice: String

    var description: String {
      "\(printable(name)) is \(said(value)) on rank \(rank) (\(host)), \(said(leaderValue)) on rank 0 (\(leaderHost)): "
        + advice
    }

    private func said(_ value: String?) -> String {
      guard let value else { return "not given" }
      return value.isEmpty ? "given" : printable(value)
    }
  }
}
