import Foundation
import Runs
import Sessions
import Storage

/// Tells by checksums what the files hold that jobs read. Each is looked at once, however many jobs read it.
struct SweepInputs {
  private let readers: [String: (_ path: String) throws -> String]
  private var known: [String: Result<String, any Error>] = [:]

  init(of command: any SweptCommand.Type) { readers = command.inputs }

  /// The checksums of a job's inputs, by the options that name them. What cannot be read is left out: the job that
  /// needs it fails by itself, and says why.
  mutating func checksums(_ options: [String: String]) -> [String: String] {
    var checksums: [String: String] = [:]
    for (option, read) in readers {
      guard let path = options[option] else { continue }
      let input = "\(option)=\(path)"
      let result: Result<String, any Error> = known[input] ?? Result { try read(path) }
      known[input] = result
      checksums[option] = try? result.get()
    }
    return checksums
  }
}

extension PreparedDataset {
  /// The fingerprint of the data set in a folder, as its manifest has it: no file is read whole to verify it.
  static func fingerprint(of folder: String) throws -> String {
    try PreparedDataset(folder: folder, verify: false).fingerprint
  }
}

extension CheckpointState {
  /// SHA-256 of the weights that a run or a checkpoint leads to, as its state has it: they are not read.
  static func weightsChecksum(of path: String) throws -> String {
    let state = joined(try CheckpointStore.resolve(path), fileName)
    return try CheckpointState(decoding: Data(contentsOf: URL(fileURLWithPath: state))).weightsChecksum
  }
}
