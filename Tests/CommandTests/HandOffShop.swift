import Foundation
import Storage
import TestSupport

/// Synthetic sessions, a small GRU4Rec pre-trained on the large locales, and hand-offs to the others.
struct HandOffShop {
  let folder: String
  let dataset: String

  /// - Parameter trains: whether there is to be a pre-trained run, `pretrained`.
  init(trains: Bool = true) throws {
    folder = try CaravanCommand.temporaryFolder()
    dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 3000, items: 700)
    if trains { try train("pretrained", ["--locales", "UK,DE,JP"]) }
  }

  func train(_ run: String, on dataset: String? = nil, _ more: [String]) throws {
    let outcome = try CaravanCommand.run(
      ["train", "--dataset", dataset ?? self.dataset, "--model", "GRU4Rec", "--preset", "recbole"]
        + ["--batch-size", "60", "--dropout", "0.3"]
        + ["--embedding-size", "20", "--hidden-size", "24", "--lr", "0.01", "--epochs", "2"]
        + ["--out", folder + "/" + run] + more)
    guard outcome.status == 0 else { throw MPIRun.CannotStart(description: outcome.stderr) }
  }

  /// The command line of a hand-off to ES, FR and IT; what `more` says last counts.
  func arguments(_ run: String, _ more: [String]) -> [String] {
    var options = [
      "--dataset": dataset, "--checkpoint": folder + "/pretrained", "--locales": "ES,FR,IT", "--batch-size": "30",
      "--lr": "0.005", "--epochs": "2", "--out": folder + "/" + run,
    ]
    var flags: [String] = []
    var rest = more[...]
    while let name = rest.popFirst() {
      if let value = rest.first, !value.hasPrefix("--") {
        options[name] = value
        rest = rest.dropFirst()
      } else {
        flags.append(name)
      }
    }
    return ["finetune"] + options.sorted { $0.key < $1.key }.flatMap { [$0, $1] } + flags
  }

  func finetune(_ run: String, ranks: Int?, _ more: [String]) throws -> MPIRun.Outcome {
    try CaravanCommand.run(arguments(run, more), ranks: ranks)
  }

  /// SHA-256 of every file of a locale's best checkpoint.
  func best(_ run: String, _ name: String) throws -> [String: String] {
    try CaravanCommand.checksums(ofCheckpoint: "\(folder)/\(run)/\(name)/checkpoints/best")
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder + "/" + name) }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)) }

  func json(_ name: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: bytes(name)) as? [String: Any] ?? [:]
  }

  /// The rows of a hand-off's report.
  func rows(_ run: String) throws -> [[String: Any]] {
    try json(run + "/handoff.json")["rows"] as? [[String: Any]] ?? []
  }

  /// When a file was last written.
  func changed(_ name: String) throws -> Date? {
    let real = URL(fileURLWithPath: folder + "/" + name).resolvingSymlinksInPath().path
    return try FileManager.default.attributesOfItem(atPath: real)[.modificationDate] as? Date
  }

  /// All weights of a checkpoint by name, or with `optimizer.safetensors` its moments.
  func weights(_ checkpoint: String, file name: String = "model.safetensors") throws -> [String: [Float]] {
    let file = try SafetensorsFile(path: "\(folder)/\(checkpoint)/\(name)")
    return Dictionary(
      uniqueKeysWithValues: try file.names.map { ($0, Array(try file.array($0, as: Float.self))) })
  }

  func flipByte(ofFile path: String, at offset: UInt64) throws {
    guard let file = FileHandle(forUpdatingAtPath: path) else { throw MPIRun.CannotStart(description: path) }
    try file.seek(toOffset: offset)
    let byte = try file.read(upToCount: 1)?.first ?? 0
    try file.seek(toOffset: offset)
    try file.write(contentsOf: Data([byte ^ 0x40]))
    try file.close()
  }
}
