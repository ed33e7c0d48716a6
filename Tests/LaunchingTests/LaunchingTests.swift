import Foundation
import Testing

import Launching

@Suite struct HostFileTests {
  private func hosts(_ text: String) throws -> [RankHost] {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("hosts-\(UUID().uuidString)").path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    do {
      return try RankHost.read(file: path)
    } catch {
      // The path is another one each time.
      throw Told(String(describing: error).replacing(path, with: "F"))
    }
  }

  private struct Told: Error, Equatable {
    let sentence: String
    init(_ sentence: String) { self.sentence = sentence }
  }

  @Test func linesNameHostsAndTheirSlots() throws {
    let read = try hosts(
      "# two machines\nnode1 slots=4\n\n  me@node2   slots=2 max_slots=3 # the small one\nnode3\nnode1\n")
    #expect(
      read == [RankHost(name: "node1", slots: 5), RankHost(name: "node2", slots: 2), RankHost(name: "node3", slots: 1)])
  }

  @Test(arguments: [
    ("node1 slots=0", "F line 1: 'slots=0' is no number of ranks"),
    ("node1\nnode2 4", "F line 2: '4' is no slots=N"),
    ("# nobody\n", "F names no host"),
  ])
  func whatIsWrongIsToldWithItsLine(text: String, sentence: String) {
    let error = #expect(throws: Told.self) { try hosts(text) }
    #expect(error?.sentence.hasPrefix(sentence) ?? false, "\(error?.sentence ?? "")")
  }
}

@Suite struct MPILauncherTests {
  private func line(_ major: Int, hosts: [RankHost]? = nil, interface: String? = nil, isRoot: Bool = false) -> String {
    MPILauncher(major: major).arguments(
      ranks: 3, hosts: hosts, interface: interface, isRoot: isRoot, variables: ["OMP_NUM_THREADS=1"],
      command: ["/bin/caravan", "train"]
    ).joined(separator: " ")
  }

  @Test func openMPI4HasItsSpelling() {
    #expect(
      line(4, hosts: [RankHost(name: "a", slots: 2), RankHost(name: "b", slots: 1)], interface: "eth0", isRoot: true)
        == "mpirun --quiet -n 3 --host a:2,b:1 --map-by slot --oversubscribe --bind-to none --allow-run-as-root "
        + "--mca btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0 --mca oob_tcp_keepalive_time 5 "
        + "--mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3 -x OMP_NUM_THREADS=1 /bin/caravan train")
  }

  @Test func openMPI5HasAnother() {
    #expect(
      line(5, interface: "10.0.0.0/24")
        == "mpirun -n 3 --map-by slot:OVERSUBSCRIBE --bind-to none --mca btl_tcp_if_include 10.0.0.0/24 "
        + "--prtemca prte_if_include 10.0.0.0/24 --prtemca oob_tcp_keepalive_time 5 --prtemca oob_tcp_keepalive_intvl 2 "
        + "--prtemca oob_tcp_keepalive_probes 3 -x OMP_NUM_THREADS=1 /bin/caravan train")
  }
}

@Suite struct LauncherNoiseTests {
  /// What is shown of a text, whichever pieces it comes in.
  private func shown(_ text: String, by size: Int) -> (text: String, noise: LauncherNoise) {
    var noise = LauncherNoise()
    var shown: [UInt8] = []
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      shown += noise.take(bytes[start..<min(start + size, bytes.count)])
    }
    shown += noise.finish()
    return (String(decoding: shown, as: UTF8.self), noise)
  }

  private let banner = """
    epoch 1/2  step 3  loss 4.2
    mpirun: Forwarding signal 10 to job
    --------------------------------------------------------------------------
    ORTE has lost communication with a remote daemon.

      HNP daemon   : [[1,0],0] on node sim1
    --------------------------------------------------------------------------
    [sim1:00042] 3 more processes have sent help message
    stopped

    """

  @Test(arguments: [1, 7, 4096])
  func bannersAndRemarksOfTheLauncherAreKept(size: Int) {
    let (text, noise) = shown(banner, by: size)
    #expect(text == "epoch 1/2  step 3  loss 4.2\nstopped\n")
    #expect(noise.firstRemark == "mpirun: Forwarding signal 10 to job")
    #expect(!noise.hasHeardRank)
  }

  @Test func aRanksOwnLineIsHeard() {
    let (text, noise) = shown("[warn] own brackets\ncaravan: rank 1 on host b: cannot read x\n", by: 5)
    #expect(text == "[warn] own brackets\ncaravan: rank 1 on host b: cannot read x\n")
    #expect(noise.hasHeardRank && noise.firstRemark == nil)
  }

  @Test func aBarPassesAtOnce() {
    var noise = LauncherNoise()
    #expect(noise.take(Array("\r\u{1B}[2K━━ step 3".utf8)).count > 0)
  }
}

@Suite struct RestartsTests {
  @Test func aNewCheckpointBeginsTheCountAnew() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("runs-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var rule = Restarts(limit: 2, folder: folder)
    #expect(rule.next() == 1)
    #expect(rule.next() == 2)
    #expect(rule.next() == nil)
    // A hand-off's runs lie in folders of their own.
    try FileManager.default.createDirectory(atPath: folder + "/ES/checkpoints", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/ES/checkpoints/latest", withDestinationPath: "step-00000010")
    #expect(rule.next() == 1)
    #expect(rule.next() == 2)
    #expect(rule.next() == nil)
  }

  @Test func waitsGrowToAMinute() {
    var rule = Restarts(limit: 9, folder: nil)
    #expect((0..<10).map { _ in rule.next() } == [1, 2, 4, 8, 16, 32, 60, 60, 60, nil])
  }
}

@Suite struct LateRanksTests {
  /// A program that never says that its ranks are there, as where a host was cut off while `mpirun` asked it.
  @Test func aJobWhoseRanksDoNotComeIsEnded() throws {
    let environment = ProcessInfo.processInfo.environment
    let job = LaunchedJob(
      launcher: try MPILauncher.find(environment: environment), ranks: 1, hosts: nil, command: ["sleep", "97"],
      environment: environment, ownName: "here", patience: .seconds(2))
    var said: [String] = []
    let began = ContinuousClock.now
    #expect(try job.run(restarts: 0, folder: nil) { said.append($0) } == LaunchedJob.lostCode)
    #expect(ContinuousClock.now - began < .seconds(60))
    #expect(said == ["not all ranks were there after 2 s"])
  }
}
