import MPI
import Testing

/// Where threads have to share cores, from where ranks may run; hosts have 8 cores.
struct CoreShortageTests {
  private func find(_ ranks: [(host: String, threads: Int, cores: Set<Int>)]) -> String? {
    CoreShortage.first(
      among: ranks.map { .init(host: $0.host, threads: $0.threads, cores: $0.cores, hostCores: 8) }
    )
    .map { "\($0)" }
  }

  private let advice =
    "allow them more (mpirun --bind-to none), or use fewer ranks or threads (--threads-per-rank)"

  @Test func aRankThatIsPinnedToOneCoreWithAllItsThreads() {
    #expect(
      find([("a", 4, [0]), ("a", 4, [1])])
        == "4 threads of rank 0 share 1 core of a (and 1 more such): \(advice)")
  }

  @Test func ranksThatArePinnedToTheSameCores() {
    #expect(
      find([("a", 1, [2]), ("b", 1, [2]), ("a", 1, [2]), ("a", 1, [3])])
        == "2 threads of ranks 0, 2 share 1 core of a: \(advice)")
    #expect(
      find((0..<64).map { _ in ("a", 1, [2, 3]) }) == "64 threads of ranks 0, 1, 2, 3 … share 2 cores of a: \(advice)")
    // A socket's ranks, one of which is pinned more narrowly.
    #expect(
      find([("a", 2, [0, 1, 2, 3]), ("a", 2, [0, 1]), ("a", 1, [0, 1, 2, 3])])?
        .hasPrefix("5 threads of ranks 0, 1, 2 share 4 cores of a: ") == true)
  }

  @Test func moreThreadsThanTheHostHasCores() {
    #expect(
      find([("a", 9, Set(0..<8))])
        == "9 threads of rank 0 share 8 cores of a: use fewer ranks or threads (--threads-per-rank)")
  }

  @Test func nothingToSay() {
    #expect(find([]) == nil)
    #expect(find([("a", 4, Set(0..<8)), ("a", 4, Set(0..<8))]) == nil)
    // As many as --oversubscribe was asked for.
    #expect(find((0..<20).map { _ in ("a", 1, Set(0..<8)) }) == nil)
    #expect(find([("a", 1, [0]), ("a", 1, [1]), ("b", 1, [0])]) == nil)
    #expect(find([("a", 64, [])]) == nil, "a system that does not say")
  }

  @Test func thisProcess() throws {
    #expect(try CoreShortage.find(threads: 1, group: SoloGroup()) == nil)
    let shortage = try CoreShortage.find(threads: 100_000, group: SoloGroup())
    #expect(shortage?.ranks == [0] && shortage?.threads == 100_000)
  }
}
