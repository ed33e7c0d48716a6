import Text

/// One of the runs that a certificate compares: the same training, computed in another way.
package struct CertifiedRun: Codable, Equatable, Sendable {
  /// What it is to show, as people who certify climate models call it: `reference`, `repeat`, `ranks`, `threads`,
  /// `layout`, `restart`, `hosts`.
  package var gate: String
  package var ranks: Int
  package var threads: Int
  /// Where the item table is: `replicated`, `sharded`.
  package var layout: String
  /// How many hosts share the ranks.
  package var hosts: Int
  /// After which step it was stopped, and gone on with on `ranks` ranks from as many as `ranksBefore`; nil where it was
  /// not.
  package var stoppedAfter: Int?
  package var ranksBefore: Int?
  /// SHA-256 of weights and of moments after the last step; empty before it has run.
  package var model = ""
  package var optimizer = ""

  package init(gate: String, ranks: Int, threads: Int, layout: String, hosts: Int) {
    self.gate = gate
    self.ranks = ranks
    self.threads = threads
    self.layout = layout
    self.hosts = hosts
  }

  enum CodingKeys: String, CodingKey {
    case gate, ranks, threads, layout, hosts, model, optimizer
    case stoppedAfter = "stopped_after"
    case ranksBefore = "ranks_before"
  }

  /// How it is computed, in words.
  package var words: String {
    return "\(counted(ranks, "rank")) of \(counted(threads, "thread")), \(layout)"
      + (hosts > 1 ? ", over \(hosts) hosts" : "")
      + (stoppedAfter.map { ", gone on with after step \($0) of \(counted(ranksBefore ?? ranks, "rank"))" } ?? "")
  }

  /// Whether it came to the same bytes.
  package func agrees(with other: CertifiedRun) -> Bool { model == other.model && optimizer == other.optimizer }
}

/// What is compared: each value once beside the first of the others.
package struct CertificatePlan: Sendable {
  package var ranks: [Int]
  package var threads: [Int]
  package var layouts: [String]
  /// How many hosts there are; ranks are on the first of them alone, but for the gate `hosts`.
  package var hosts: Int
  package var steps: Int

  /// - Parameters:
  ///   - ranks: not empty, as are the others.
  ///   - steps: at least 2.
  package init(ranks: [Int], threads: [Int], layouts: [String], hosts: Int, steps: Int) {
    self.ranks = ranks
    self.threads = threads
    self.layouts = layouts
    self.hosts = hosts
    self.steps = steps
  }

  /// The runs, the reference first.
  /// - Parameter stop: after which step the one that is restarted is stopped, in 1 ..< `steps`.
  package func runs(stop: Int) -> [CertifiedRun] {
    let first = CertifiedRun(gate: "reference", ranks: ranks[0], threads: threads[0], layout: layouts[0], hosts: 1)
    func run(_ gate: String, _ change: (inout CertifiedRun) -> Void) -> CertifiedRun {
      var run = first
      run.gate = gate
      change(&run)
      return run
    }
    // A table is shared by several ranks, and a stop is to be gone on with on others.
    let several = ranks.first { $0 > 1 } ?? ranks[0]
    var runs = [first, run("repeat") { _ in }]
    runs += ranks.dropFirst().map { ranks in run("ranks") { $0.ranks = ranks } }
    runs += threads.dropFirst().map { threads in run("threads") { $0.threads = threads } }
    for layout in layouts.dropFirst() {
      runs += ranks.filter { $0 > 1 }.map { ranks in run("layout") { ($0.layout, $0.ranks) = (layout, ranks) } }
    }
    runs.append(
      run("restart") {
        ($0.ranksBefore, $0.ranks, $0.stoppedAfter) = (several, ranks.last ?? several, stop)
        $0.layout = layouts.last ?? layouts[0]
      })
    if hosts > 1 { runs.append(run("hosts") { ($0.ranks, $0.hosts) = (max(several, hosts), hosts) }) }
    return runs
  }
}
