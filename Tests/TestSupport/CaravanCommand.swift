import Foundation
import Storage

/// Runs `caravan` the way a user does, and looks at what it left behind.
public enum CaravanCommand {
  /// - Parameter ranks: under mpirun; nil runs it without.
  public static func run(
    _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:], timeout: Double = 120
  ) throws -> MPIRun.Outcome {
    try MPIRun.run(
      ranks: ranks, executable: BuiltProducts.url("caravan"), arguments: arguments, environment: environment,
      timeout: timeout)
  }

  /// A new folder that the caller removes.
  public static func temporaryFolder() throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("caravan-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.path
  }

  /// SHA-256 of every file of a checkpoint, by name.
  public static func checksums(ofCheckpoint folder: String) throws -> [String: String] {
    var sums: [String: String] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      sums[name] = try Checksum.sha256(ofFile: folder + "/" + name)
    }
    return sums
  }

  /// The lines of a run's metrics.jsonl that tell of epochs; others tell of some steps.
  public static func epochs(ofRun folder: String) throws -> [String] {
    try String(contentsOfFile: folder + "/metrics.jsonl", encoding: .utf8).split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix("{\"epoch\"") }
  }

  /// Synthetic sessions, prepared: about 90 % to train on, the rest to validate.
  /// - Returns: the folder of the data set, in `folder`.
  public static func prepareDataset(in folder: String, sessions: Int, items: Int) throws -> String {
    let source = folder + "/sessions", dataset = folder + "/dataset"
    let made = try run(["synth", "--out", source, "--n-sessions", "\(sessions)", "--items", "\(items)"])
    let prepared = try run([
      "prepare", "--sessions", source + "/sessions_train.csv", "--test", source + "/sessions_test.csv",
      "--truth", source + "/truth_test.csv", "--out", dataset,
    ])
    guard made.status == 0, prepared.status == 0 else {
      throw MPIRun.CannotStart(description: made.stderr + prepared.stderr)
    }
    return dataset
  }
}
