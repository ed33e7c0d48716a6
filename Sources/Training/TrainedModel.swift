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
  /// - Throws: `TrainingError.otherVocabulary`, or what `Checkpoint` throws.
  public static func load(
    _ checkpoint: String, for dataset: PreparedDataset, group: any ProcessGroup
  ) throws -> TrainedModel {
    let opened = try group.together { () -> Checkpoint? in
      guard group.rank == 0 else { return nil }
      let opened = try Checkpoint(checkpoint)
      guard opened.state.vocabulary == dataset.vocabulary else {
        throw TrainingError.otherVocabulary(path: opened.folder, dataset: dataset.folder)
      }
      return opened
    }
    var bytes = try opened?.state.encoded().map { $0 } ?? []
    try group.broadcast(resizing: &bytes, from: 0)
    let state = try CheckpointState(decoding: Data(bytes))
    let model = try dataset.makeModel(state.modelConfiguration())
    try group.together { try opened?.loadWeights(into: model.parameters) }
    try model.parameters.broadcast(from: 0, group: group)
    let list = state.options["locales"] ?? ""
    return TrainedModel(model: model, locales: list.isEmpty ? [] : try ShopLocale.parse(list: list))
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
