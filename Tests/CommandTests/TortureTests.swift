import Foundation
import TestSupport
import Testing

/// `scripts/torture.sh` in its short form: a fault of each kind, and the bytes of a run that nobody disturbed.
@Suite(.serialized) struct TortureTests {
  private static let scripts = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "scripts")

  private static func run(_ script: String, _ arguments: [String]) throws -> MPIRun.Outcome {
    try MPIRun.run(
      ranks: nil, executable: scripts.appending(path: script), arguments: arguments,
      environment: ["CARAVAN": try BuiltProducts.url("caravan").path], timeout: 300)
  }

  private static let canHaveCluster = (try? run("cluster-sim.sh", ["can"]))?.status == 0

  @Test(arguments: ["kill:1", "saving:1", "damage:3"])
  func aFaultChangesNoByte(fault: String) throws {
    let outcome = try Self.run("torture.sh", [fault])
    #expect(outcome.status == 0 && outcome.stdout.contains("ok "), "\(outcome.stdout)\(outcome.stderr)")
  }

  @Test(
    .enabled("a cluster on one machine needs root, network namespaces and sshd: see scripts/cluster-sim.sh can") {
      canHaveCluster
    }, arguments: ["full:1", "cut:1", "off:1"])
  func aLostHostChangesNoByte(fault: String) throws {
    let outcome = try Self.run("torture.sh", [fault])
    #expect(outcome.status == 0 && outcome.stdout.contains("ok "), "\(outcome.stdout)\(outcome.stderr)")
  }
}
