import Foundation
import Models
import Provenance
import Sessions
import Storage

/// Where a run is, beside weights and moments: `state.json` of a checkpoint. It also lists the checkpoint's files.
///
/// Nothing in it tells time, place or the number of ranks: the same run gives the same bytes.
public struct CheckpointState: ChecksummedJSON, Equatable, Sendable {
  package static let fileName = "state.json"
  static let currentVersion = 3
  /// Those that are read: 2 tells neither what computed the checkpoint nor of an evaluation that is still to be done.
  static let readVersions = 2...currentVersion

  var formatVersion = Self.currentVersion
  /// Steps done.
  public var step: Int
  /// The options that decide the weights, as text, by name: see `RunPlan.decidingOptions`.
  public var options: [String: String]
  /// Items of the catalogue, padding not counted.
  public var items: Int
  /// SHA-256 of the vocabulary, `items.txt`.
  public var vocabulary: String
  /// The fingerprint of the data set.
  public var dataset: String
  /// What was trained before; nil where nothing was.
  public var inherited: InheritedRows?
  /// The instruction set of the matrix products: another one gives other bits. "portable" is any with AVX2, by products
  /// of our own; "any" where nothing is multiplied.
  public var instructionSet: String
  /// What else computed the checkpoint: `caravan`, `commit`, `mpi`, `onednn`. nil where it was not recorded yet.
  public var build: [String: String]?
  /// What the loop remembers.
  public var progress: RunProgress
  /// SHA-256 of the checkpoint's other files, by name.
  public var files: [String: String] = [:]
  /// SHA-256 of this state as it is encoded without the checksum itself.
  package var checksum: String?

  /// The model, from the options.
  package func modelConfiguration() throws -> ModelConfiguration { try ModelConfiguration(options: options) }

  /// SHA-256 of the weights.
  package var weightsChecksum: String { files[Checkpoint.modelFile] ?? "" }

  /// The counting model whose counts these are; nil where they are a session model's weights.
  package var countingModel: CountingModel? { options["model"].flatMap(CountingModel.init(name:)) }

  /// The locales whose sessions were trained on, by their names; empty for all.
  var locales: [String] { options["locales"].flatMap(LocaleName.parse(list:)) ?? [] }

  /// The same by the codes that a data set has for them; nil for all.
  func localeCodes(of dataset: PreparedDataset) -> Set<UInt16>? {
    locales.isEmpty ? nil : Set(locales.compactMap(dataset.locales.code(of:)))
  }

  /// Reads the state of a checkpoint folder, without looking at the other files.
  /// - Throws: `CheckpointError.notACheckpoint`, `.malformed`.
  package init(reading folder: String) throws {
    let path = joined(folder, Self.fileName)
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CheckpointError.notACheckpoint(path: folder)
    }
    guard let state = try? Self(decoding: data) else {
      throw CheckpointError.malformed(path: path, reason: "it is cut off or not what caravan writes")
    }
    guard Self.readVersions.contains(state.formatVersion) else {
      throw CheckpointError.malformed(
        path: path,
        reason: "its format version is \(state.formatVersion), this caravan reads "
          + "\(Self.readVersions.lowerBound) to \(Self.readVersions.upperBound): train it again")
    }
    guard try state.checksum == state.ownChecksum() else {
      throw CheckpointError.malformed(path: path, reason: "its bytes are not those that were written")
    }
    guard state.isPossible else {
      throw CheckpointError.malformed(path: path, reason: "its numbers are not those of a run")
    }
    self = state
  }

  /// Reads and verifies the state of a checkpoint folder and the files that it lists.
  /// - Throws: `CheckpointError.notACheckpoint`, `.malformed`, or `StorageError`.
  package init(verifying folder: String) throws {
    try self.init(reading: folder)
    try Checksum.verify(folder: folder, files: files)
  }

  /// Whether the numbers are such that one can count on from them.
  private var isPossible: Bool {
    let countable = 0...1 << 53
    let before = options[PretrainedModel.optimizerStepsKey].map { Int($0) ?? -1 } ?? 0
    return countable.contains(step) && step > 0 && countable.contains(before) && (1..<1 << 31).contains(items)
      && (0...items).contains(inherited?.items ?? 0)
      && countable.contains(progress.epochTargets) && countable.contains(progress.epochsSinceBest)
      && (1...step).contains(progress.bestStep ?? 1)
  }
}

/// What the training loop remembers from epoch to epoch, and inside one.
public struct RunProgress: Codable, Equatable, Sendable {
  /// The losses of the epoch so far, summed over its targets, in nats.
  public var epochLoss = 0.0
  /// The targets of the epoch so far.
  public var epochTargets = 0
  /// The best value of the valid metric; nil without a valid split, and before the first evaluation.
  public var bestValue: Double?
  /// The step after which it was reached, or without a valid split the last epoch ended; nil before the first.
  public var bestStep: Int?
  /// Epochs that were evaluated since then.
  public var epochsSinceBest = 0

  package init(bestStep: Int? = nil) { self.bestStep = bestStep }

  /// Whether a checkpoint was saved at the end of an epoch whose evaluation was not done: what adds up over an epoch is
  /// cleared after it.
  func awaitsEvaluation(step: Int, stepsPerEpoch: Int) -> Bool { step % stepsPerEpoch == 0 && epochTargets > 0 }
}

extension CheckpointState {
  package init(
    step: Int, options: [String: String], items: Int, vocabulary: String, dataset: String,
    build: BuildInformation?, progress: RunProgress
  ) {
    self.step = step
    self.options = options
    self.items = items
    self.vocabulary = vocabulary
    self.dataset = dataset
    instructionSet = build?.instructionSet ?? "any"
    self.build = build.map { ["caravan": $0.version, "commit": $0.commit, "mpi": $0.mpi, "onednn": $0.oneDNN] }
    self.progress = progress
  }
}

extension CheckpointState {
  /// Checks that what computed the checkpoint is what computes here: the bits would be those of neither otherwise. What
  /// an older checkpoint does not tell is not compared.
  /// - Throws: `CheckpointError.otherBuild` for the first difference.
  func requireSame(_ current: BuildInformation, path: String) throws(CheckpointError) {
    let facts = [
      ("the instruction set", instructionSet == "any" ? nil : instructionSet, current.instructionSet),
      ("oneDNN", current.oneDNNOfBits == nil ? nil : build?["onednn"], current.oneDNN),
      ("caravan", build?["caravan"], current.version),
    ]
    for (name, saved, current) in facts {
      if let saved, saved != current { throw .otherBuild(name: name, saved: saved, current: current, path: path) }
    }
  }
}
