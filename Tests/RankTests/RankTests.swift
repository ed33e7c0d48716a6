import Foundation
import TestSupport
import Testing

/// Runs `rank-tests` under `mpirun`. One job at a time: jobs that share the cores would only slow each other.
@Suite(.serialized) struct RankTests {
  private static let collectives = [
    "broadcast", "broadcast-unknown-length", "all-reduce", "barrier", "gather", "stream", "all-gather",
    "reduce-scatter",
    "all-to-all", "send-receive", "exchange", "split", "perform", "node", "agree", "mpi-error",
  ]
  private static let trees = ["tree", "tree-small-calls", "tree-scalars", "tree-too-many-ranks"]

  /// nil runs without a launcher, hence without MPI.
  @Test(arguments: [nil, 1, 2, 3, 4])
  func collectives(ranks: Int?) throws {
    try expectAllPass(Self.collectives, ranks: ranks)
  }

  @Test(arguments: [nil, 1, 2, 3, 4, 5, 6, 7, 8])
  func fixedTreeGivesTheSameBitsOnAnyNumberOfRanks(ranks: Int?) throws {
    try expectAllPass(Self.trees, ranks: ranks)
  }

  @Test(arguments: [1, 2, 3, 4])
  func trajectoriesAgreeWithRecBole(ranks: Int) throws {
    try expectAllPass(["trajectories"], ranks: ranks)
  }

  /// nil runs without a launcher, hence without MPI.
  @Test(arguments: [nil, 1, 2, 3, 4, 8])
  func aTableMayBeShardedOverAnyNumberOfRanks(ranks: Int?) throws {
    try expectAllPass(["rows", "heads", "steps"], ranks: ranks)
  }

  @Test func asManyRanksAsLanesMayShareATable() throws {
    try expectAllPass(["steps"], ranks: 16)
  }

  /// nil runs without a launcher, hence without MPI.
  @Test(arguments: [nil, 1, 2, 3, 5])
  func aCheckpointWrittenMeanwhileHasTheSameBytes(ranks: Int?) throws {
    try expectAllPass(["background-checkpoint"], ranks: ranks)
  }

  /// nil runs without a launcher, hence without MPI.
  @Test(arguments: [nil, 1, 2, 3, 7])
  func weightsAreLookedAtOnAllRanks(ranks: Int?) throws {
    try expectAllPass(["replicas", "weights"], ranks: ranks)
  }

  /// nil runs without a launcher, hence without MPI.
  @Test(arguments: [nil, 1, 2, 3, 4, 8])
  func evaluationIsTheSameOnAnyNumberOfRanks(ranks: Int?) throws {
    try expectAllPass(
      [
        "evaluate", "evaluate-metrics", "evaluate-threads", "predict", "evaluate-unknown-targets", "scores-not-finite",
      ], ranks: ranks)
  }

  /// nil runs without a launcher, hence without MPI.
  @Test(arguments: [nil, 1, 2, 3, 4])
  func countingIsTheSameOnAnyNumberOfRanks(ranks: Int?) throws {
    try expectAllPass(["count", "hops", "candidates"], ranks: ranks)
  }

  /// nil runs without a launcher, hence without MPI.
  @Test(arguments: [nil, 1, 2, 3, 5])
  func manyLocalesAreTheSameOnAnyNumberOfRanks(ranks: Int?) throws {
    try expectAllPass(["locales-ranked", "locales-counted", "locales-sent"], ranks: ranks)
  }

  /// nil runs without a launcher, hence without MPI.
  @Test(arguments: [nil, 1, 2, 3, 4, 8])
  func blendsAreTheSameOnAnyNumberOfRanks(ranks: Int?) throws {
    try expectAllPass(["blend", "blend-candidates", "probabilities"], ranks: ranks)
  }

  @Test(arguments: ["stop-evaluation", "stop-sharded-evaluation", "stop-sharded-prediction"])
  func aSignalToOneRankEndsAllOfThem(name: String) throws {
    for ranks in [1, 3] { try expectAllPass([name], ranks: ranks) }
  }

  /// nil runs without a launcher, hence without MPI. The jobs' own lines are on standard error.
  @Test(arguments: [nil, 1, 2, 3, 4])
  func sweepsGiveTheSameResultsInGroupsOfAnySize(ranks: Int?) throws {
    let outcome = try run("sweep,sweep-interrupted", ranks: ranks)
    #expect(outcome.stdout == "ok sweep\nok sweep-interrupted\n" && outcome.status == 0, "\(outcome.stderr)")
    #expect(outcome.stderr.contains("job 20 of 20"))
  }

  @Test func aSweepEndsWithAFailureThatRanksDoNotShare() throws {
    let outcome = try run("sweep-lost-rank", ranks: 3, timeout: 60)
    #expect(!outcome.timedOut && outcome.status == 69)
    #expect(outcome.stderr.contains("rank 1 on host \(host): MPI_Send failed"), "\(outcome.stderr)")
  }

  @Test(arguments: [
    ("fail-rank-1", "rank-tests: rank 1 on host \(host): cannot read /data/part of the sessions\n"),
    ("fail-rank-0", "rank-tests: rank 0 on host \(host): cannot write the checkpoint\n"),
    ("fail-together-1", "rank-tests: rank 1 on host \(host): cannot open the data set\n"),
    ("all-fail", "rank-tests: rank 0 on host \(host): all ranks miss the same file\n"),
  ])
  func aFailureEndsTheJobWithOneLine(name: String, line: String) throws {
    let outcome = try run(name, ranks: 3)
    #expect(!outcome.timedOut)
    #expect(outcome.status == 1)
    // Open MPI may add lines of its own, in brackets.
    let own = outcome.stderr.split(separator: "\n").filter { !$0.hasPrefix("[") }
    #expect(own.joined(separator: "\n") + "\n" == line)
    #expect(outcome.stdout == "")
  }

  @Test(arguments: [("stall-rank-1", 3, 1, 2), ("stall-rank-0-of-a-part", 3, 0, 2)])
  func aStalledRankIsNamed(name: String, ranks: Int, missing: Int, waiting: Int) throws {
    let outcome = try run(name, ranks: ranks)
    #expect(!outcome.timedOut)
    #expect(outcome.status == 69)
    #expect(
      outcome.stderr.contains(
        "step 3: no answer for 4 s from rank \(missing) on host \(host), stopped, cut off or busy for longer than "
          + "--hang-timeout; \(waiting) ranks wait: start the same command again\n"), "\(outcome.stderr)")
  }

  @Test func aKilledRankEndsTheJob() throws {
    let outcome = try run("trap-rank-1", ranks: 3)
    #expect(!outcome.timedOut)
    #expect(outcome.status != 0)
  }

  /// nil runs without a launcher, hence without MPI.
  @Test(arguments: [nil, 1, 3])
  func anEndInOrderHasItsOwnExitCode(ranks: Int?) throws {
    let outcome = try run("end-75", ranks: ranks)
    #expect(outcome.status == 75)
    #expect(outcome.stderr == "rank-tests: stopped after step 3\n")
  }

  @Test func aloneAFailureHasNoRank() throws {
    let outcome = try run("fail-rank-0", ranks: nil)
    #expect(outcome.status == 1)
    #expect(outcome.stderr == "rank-tests: cannot write the checkpoint\n")
  }

  @Test func anotherLauncherIsRecognised() throws {
    // As MPICH's mpirun would start it: the environment claims ranks that Open MPI does not see.
    let outcome = try MPIRun.run(
      ranks: nil, executable: BuiltProducts.url("rank-tests"), arguments: ["barrier"],
      environment: ["PMI_SIZE": "2", "PMI_RANK": "0"].merging(asRoot) { $1 }, timeout: 60)
    #expect(outcome.status == 1)
    #expect(outcome.stderr.contains("the launcher started 2 processes but MPI sees only this one"))
  }

  @Test(.enabled(if: getuid() == 0, "only root can become another user"))
  func copiesThatTheSystemForbidsAreNotTried() throws {
    try expectAllPass(["forbidden-copies"], ranks: nil)
  }

  @Test func aJobThatOverrunsItsTimeIsKilled() throws {
    let outcome = try run("sleep", ranks: 2, timeout: 2)
    #expect(outcome.timedOut)
    #expect(outcome.status != 0)
  }

  private func expectAllPass(_ cases: [String], ranks: Int?) throws {
    let outcome = try run(cases.joined(separator: ","), ranks: ranks)
    #expect(outcome.stderr == "")
    #expect(outcome.stdout == cases.map { "ok \($0)\n" }.joined())
    #expect(outcome.status == 0)
  }

  private func run(_ name: String, ranks: Int?, timeout: Double = 120) throws -> MPIRun.Outcome {
    try MPIRun.run(
      ranks: ranks, executable: BuiltProducts.url("rank-tests"), arguments: [name], timeout: timeout)
  }
}

/// As `gethostname` has it; Foundation would look up the name with its domain.
private let host = MPIRun.hostname
private let asRoot = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]
