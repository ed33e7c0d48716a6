import Foundation
import MPI
import Models
import Sessions

/// A trained model on every rank, loaded by rank 0 alone: the checkpoint need not be on a shared file system.
public struct TrainedModel {
  public let model: any SessionModel
  /// The locales whose sessions it was trained on; empty for all.
  public let locales: Set<ShopLocale>

  /// Loads and verifies a checkpoint on rank 0 and hands the weights to the others; collective.
  /// - Parameters:
  ///   - checkpoint: a run folder, a checkpoint folder or a link: see `CheckpointStore.resolve`.
  ///   - dataset: whose vocabulary must be the one that the model was trained on.
  /// - Throws: `TrainingError.otherVocabulary`, `.notASessionModel`, or what `Checkpoint` throws.
  public static func load(
    _ checkpoint: String, for dataset: PreparedDataset, group: any ProcessGroup
  ) throws -> TrainedModel {
    try load(OpenedCheckpoint(checkpoint, for: dataset, group: group), for: dataset, group: group)
  }

  static func load(
    _ opened: OpenedCheckpoint, for dataset: PreparedDataset, group: any ProcessGroup
  ) throws -> TrainedModel {
    if let counting = opened.state.countingModel {
      throw TrainingError.notASessionModel(path: opened.path, model: counting.name)
    }
    let model = try dataset.makeModel(opened.state.modelConfiguration())
    try group.together { try opened.checkpoint?.loadWeights(into: model.parameters) }
    try model.parameters.broadcast(from: 0, group: group)
    return TrainedModel(model: model, locales: try opened.state.locales())
  }
}

/// A checkpoint that rank 0 has opened, and whose state every rank knows.
struct OpenedCheckpoint {
  /// As the user named it.
  let path: String
  /// nil on ranks other than 0.
  let checkpoint: Checkpoint?
  let state: CheckpointState

  /// Opens and verifies a checkpoint on rank 0; collective.
  /// - Throws: `TrainingError.otherVocabulary` where it was trained on another data set's items, or what
  ///   `Checkpoint` throws.
  init(_ path: String, for dataset: PreparedDataset, group: any ProcessGroup) throws {
    let checkpoint = try group.together { () -> Checkpoint? in
      guard group.rank == 0 else { return nil }
      let opened = try Checkpoint(path)
      guard opened.state.vocabulary == dataset.vocabulary else {
        throw TrainingError.otherVocabulary(path: opened.folder, dataset: dataset.folder)
      }
      return opened
    }
    var bytes = try checkpoint?.state.encoded().map { $0 } ?? []
    try group.broadcast(resizing: &bytes, from: 0)
    self.path = path
    self.checkpoint = checkpoint
    state = try CheckpointState(decoding: Data(bytes))
  }
}

extension PreparedDataset {
  /// Opens a data set on every rank; collective. Rank 0 reads every byte to verify it, the others check that
  /// they see the same files.
  /// - Throws: `TrainingError.datasetsDiffer`, or what the initialiser throws.
  public static func open(_ folder: String, group: any ProcessGroup) throws -> PreparedDataset {
    let dataset = try group.together { try PreparedDataset(folder: folder, verify: group.rank == 0) }
    var fingerprint = dataset.fingerprint
    try group.broadcast(&fingerprint, from: 0)
    try group.together {
      if fingerprint != dataset.fingerprint { throw TrainingError.datasetsDiffer(rank: group.rank) }
    }
    return dataset
  }

  /// A model for this data set, its weights all zero.
  /// - Throws: `TrainingError.sessionsTooLong` where the model cannot take all sessions.
  func makeModel(_ configuration: ModelConfiguration) throws -> any SessionModel {
    let model = configuration.makeModel(items: itemCount)
    if let longest = model.longestSession, manifest.options.maxLength > longest {
      throw TrainingError.sessionsTooLong(
        model: configuration.name, longest: longest, dataset: folder, length: manifest.options.maxLength)
    }
    return model
  }

  /// SHA-256 of the vocabulary.
  public var vocabulary: String { manifest.files["items.txt"] ?? "" }
}
