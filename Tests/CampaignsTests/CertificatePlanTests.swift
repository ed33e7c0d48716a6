import Campaigns
import Testing

@Suite struct CertificatePlanTests {
  private func words(_ plan: CertificatePlan) -> [String] { plan.runs(stop: 3).map { "\($0.gate): \($0.words)" } }

  @Test func everyWayOfComputingIsComparedOnce() {
    let plan = CertificatePlan(
      ranks: [1, 2, 4], threads: [1, 2], layouts: ["replicated", "sharded"], hosts: 2, steps: 8)
    #expect(
      words(plan) == [
        "reference: 1 rank of 1 thread, replicated", "repeat: 1 rank of 1 thread, replicated",
        "ranks: 2 ranks of 1 thread, replicated", "ranks: 4 ranks of 1 thread, replicated",
        "threads: 1 rank of 2 threads, replicated", "layout: 2 ranks of 1 thread, sharded",
        "layout: 4 ranks of 1 thread, sharded",
        "restart: 4 ranks of 1 thread, sharded, gone on with after step 3 of 2 ranks",
        "hosts: 2 ranks of 1 thread, replicated, over 2 hosts",
      ])
  }

  @Test func oneWayIsRepeatedAndRestarted() {
    let plan = CertificatePlan(ranks: [1], threads: [1], layouts: ["replicated"], hosts: 1, steps: 8)
    #expect(plan.runs(stop: 3).map(\.gate) == ["reference", "repeat", "restart"])
  }
}
