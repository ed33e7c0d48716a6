import Foundation
import MPI
import Models
import Sessions

/// A checkpoint that rank 0 has opened, and whose state every rank knows.
package struct OpenedCheckpoint {
  /// nil on ranks other than 0.
  let checkpoint: Checkpoint?
  package let state: CheckpointState

  /// Opens and verifies a checkpoint on rank 0; collective.
  /// - Throws: `CheckpointError.vocabularyDiffers`, `.otherVocabulary` where it was trained on another data set's
  ///   items, or what `Checkpoint` throws.
  package init(
    _ path: String, for dataset: PreparedDataset, group: any ProcessGroup
  ) throws {
    let checkpoint = try group.together { () -> Checkpoint? in
      guard group.rank == 0 else { return nil }
      let opened = try Checkpoint(path)
      try opened.requireVocabulary(of: dataset)
      return opened
    }
    var bytes = try checkpoint?.state.encoded().map { $0 } ?? []
    try group.broadcast(resizing: &bytes, from: 0)
    self.checkpoint = checkpoint
    state = try CheckpointState(decoding: Data(bytes))
  }
}

extension PreparedDataset {
  /// Opens a data set on every rank, which verifies every byte of it, and checks that it is rank 0's; collective.
  /// - Throws: `RunError.datasetsDiffer`, or what the initialiser throws.
  public static func open(_ folder: String, group: any ProcessGroup) throws -> PreparedDataset {
    let dataset = try group.together { try PreparedDataset(folder: folder, verify: true) }
    var fingerprint = dataset.fingerprint
    try group.broadcast(&fingerprint, from: 0)
    try group.together {
      if fingerprint != dataset.fingerprint {
        throw RunError.datasetsDiffer(
          path: folder, host: MPIRuntime.hostname, own: dataset.fingerprint, leader: fingerprint)
      }
    }
    return dataset
  }

  /// A model for this data set, its weights all zero.
  /// - Parameter items: that it knows, the first ones; nil for all.
  /// - Throws: `RunError.sessionsTooLong` where the model cannot take all sessions.
  func makeModel(_ configuration: ModelConfiguration, items: Int? = nil) throws -> any SessionModel {
    let model = configuration.makeModel(items: items ?? itemCount)
    if let longest = model.longestSession, manifest.options.maxLength > longest {
      throw RunError.sessionsTooLong(
        model: configuration.name, longest: longest, dataset: folder, length: manifest.options.maxLength)
    }
    return model
  }
}
