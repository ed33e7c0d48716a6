import Campaigns
import Foundation
import Launching
import MPI
import Provenance
import Runs
import Sessions
import TestSupport
import Testing

/// Files of ours and of users with a few bytes changed, many times over: each is read, or refused in one short line that a
/// terminal can show. Nothing traps, hangs, or takes memory for what a file merely claims.
@Suite final class DamagedFileTests {
  /// More of them in a long run: scripts/torture.sh inputs:100000.
  private static let rounds = ProcessInfo.processInfo.environment["CARAVAN_DAMAGE_ROUNDS"].flatMap { Int($0) } ?? 200
  private let folder: String

  init() throws { folder = try CaravanCommand.temporaryFolder() }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// - Parameter use: reads the file at `path`, which has been damaged.
  private func damage(_ path: String, _ use: () throws -> Void) throws {
    let whole = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
    try use()
    var refused = 0
    for round in 0..<Self.rounds {
      var damage = Damage(seed: UInt64(round))
      try Data(damage.applied(to: whole)).write(to: URL(fileURLWithPath: path))
      do {
        try use()
      } catch {
        refused += 1
        let line = String(describing: error).replacing(folder, with: "")
        let isPrintable = line.unicodeScalars.allSatisfy {
          ![.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
        #expect(isPrintable && line.count <= 400, "round \(round): \(line)")
      }
    }
    #expect(refused > Self.rounds / 10, "\(refused) of \(Self.rounds) were refused")
  }

  private func write(_ text: String, as name: String) throws -> String {
    try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    return folder + "/" + name
  }

  @Test(arguments: ["dataset.json", "train.safetensors", "items.txt", "products.safetensors"])
  func preparedDataSets(file: String) throws {
    let dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 150, items: 40)
    // As if it had been written so: a checksum would tell of every damage.
    try damage(dataset + "/" + file) { _ = try PreparedDataset(folder: dataset, verify: false) }
  }

  @Test(arguments: ["state.json", "model.safetensors"])
  func checkpoints(file: String) throws {
    let dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 150, items: 40)
    let run = folder + "/run"
    let trained = try CaravanCommand.run([
      "train", "--dataset", dataset, "--model", "GRU4Rec", "--embedding-size", "8", "--hidden-size", "8", "--epochs",
      "1",
      "--out", run,
    ])
    #expect(trained.status == 0, "\(trained.stderr)")
    let step = try FileManager.default.destinationOfSymbolicLink(atPath: run + "/checkpoints/latest")
    try damage("\(run)/checkpoints/\(step)/\(file)") { _ = try Checkpoint(run + "/checkpoints/" + step) }
  }

  @Test func configurations() throws {
    let path = try write(
      "model: NARM\ndataset: d\nlr: 0.005\ndropout_probs: [0.25, 0.5]\nepochs: 3\ncheckpoint_every: 10m\n", as: "c.yaml"
    )
    try damage(path) { _ = try PlanSource(file: path, flags: [:]).plan(TrainingPlan.self) }
  }

  @Test func sweeps() throws {
    let path = try write(
      """
      command: train
      options: {model: GRU4Rec, dataset: d, epochs: 3}
      grid:
        lr: [0.01, 0.001]
        regularisation:
          - {dropout: 0.2, weight_decay: 0}
          - {dropout: 0, weight_decay: 1e-6}

      """, as: "s.yaml")
    try damage(path) { _ = try SweepFile(parsing: SweepFile.read(path), path: path).jobs() }
  }

  @Test func hostFiles() throws {
    let path = try write("node1 slots=4\n# comment\nnode2 slots=2 max_slots=4\nme@node3\n", as: "hosts")
    try damage(path) { _ = try RankHost.read(file: path) }
  }

  @Test func certificates() throws {
    let path = folder + "/certificate.json"
    let run = CertifiedRun(gate: "reference", ranks: 1, threads: 1, layout: "replicated", hosts: 1)
    try Certificate(
      build: .current, cpu: "c", isa: nil, dataset: "d",
      steps: 3, precision: "f32", config: "model: NARM\n", runs: [run]
    ).write(to: path)
    try damage(path) { _ = try Certificate(file: path) }
  }
}
