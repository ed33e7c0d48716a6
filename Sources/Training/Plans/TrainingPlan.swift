import Foundation
import Models
import Sessions
import Tensors

/// Every option of a training run. Written next to the results as `config.yaml`, under the names of the
/// command line's flags with underscores.
public struct TrainingPlan: Sendable {
  /// The folder of the prepared data set.
  public var dataset: String
  public var model: ModelConfiguration
  /// How often all sessions are seen.
  public var epochs = 10
  /// Sessions in a global batch, over all ranks.
  public var batchSize = 1024
  /// Parts of a batch that are computed apart and added in a fixed tree; a power of two, at least the ranks.
  public var lanes = 8
  /// What the products of the catalogue head multiply.
  public var precision = Precision.float32
  /// How many threads a rank has. They change no bit.
  public var threadsPerRank = 1
  public var optimization = OptimizationPlan()
  public var loss = LossPlan()
  /// Which clicks are targets.
  public var targets = TargetRule.last
  /// The locales whose sessions are trained on; empty for all. The vocabulary is kept whole.
  public var locales: Set<ShopLocale> = []
  /// Ends the run after this many steps in all, counted over resumes.
  public var maxSteps: Int?
  /// From which all random numbers follow.
  public var seed: UInt64 = 2023
  /// Epochs without a better `validMetric` after which the run stops.
  public var stoppingStep = 10
  /// Which figure of the valid split decides on the best epoch: `MRR@100` …
  public var validMetric = "MRR@100"
  /// How often checkpoints are written inside an epoch.
  public var checkpointEvery = CheckpointInterval.seconds(600)

  public init(dataset: String, model: ModelConfiguration) {
    self.dataset = dataset
    self.model = model
  }

  /// - Throws: `ModelError.badOption`, or `TrainingError.badOption` for the first value that makes no sense.
  public func validate() throws {
    let wholeNumber = "a whole number from 1 up"
    try requireOption(epochs >= 1, "epochs", epochs, wholeNumber)
    try requireOption(batchSize >= 1, "batch_size", batchSize, wholeNumber)
    try requireLanes(lanes)
    try requireThreads(threadsPerRank)
    try requireOption(maxSteps ?? 1 >= 1, "max_steps", maxSteps ?? 0, wholeNumber)
    try requireOption(stoppingStep >= 1, "stopping_step", stoppingStep, wholeNumber)
    try optimization.validate()
    try loss.validate()
    // The other targets of a batch are negatives too, but there must be some.
    let hasNegatives = loss.isFull || loss.samples > 0 || batchSize > 1 || targets == .all
    try requireOption(hasNegatives, "n_sample", 0, "a number from 1 up: a batch of one session has no other negatives")
    try model.validate()
  }
}

extension TrainingPlan: Codable {
  enum Key: String, CodingKey, CaseIterable {
    case dataset
    case epochs
    case batchSize = "batch_size"
    case lanes
    case precision
    case threadsPerRank = "threads_per_rank"
    case targets
    case locales
    case maxSteps = "max_steps"
    case seed
    case stoppingStep = "stopping_step"
    case validMetric = "valid_metric"
    case checkpointEvery = "checkpoint_every"
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    dataset = try values.decode(String.self, forKey: .dataset)
    model = try ModelConfiguration(from: decoder)
    epochs = try values.value(.epochs, or: epochs)
    batchSize = try values.value(.batchSize, or: batchSize)
    lanes = try values.value(.lanes, or: lanes)
    precision = try values.value(.precision, or: precision)
    threadsPerRank = try values.value(.threadsPerRank, or: threadsPerRank)
    optimization = try OptimizationPlan(from: decoder)
    loss = try LossPlan(from: decoder)
    targets = try values.value(.targets, or: targets)
    let list = try values.value(.locales, or: "")
    locales = list.isEmpty ? [] : try ShopLocale.parse(list: list)
    maxSteps = try values.value(.maxSteps, or: maxSteps)
    seed = try values.value(.seed, or: seed)
    stoppingStep = try values.value(.stoppingStep, or: stoppingStep)
    validMetric = try values.value(.validMetric, or: validMetric)
    checkpointEvery = try values.value(.checkpointEvery, or: checkpointEvery)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(dataset, forKey: .dataset)
    try model.encode(to: encoder)
    try values.encode(epochs, forKey: .epochs)
    try values.encode(batchSize, forKey: .batchSize)
    try values.encode(lanes, forKey: .lanes)
    try values.encode(precision, forKey: .precision)
    try values.encode(threadsPerRank, forKey: .threadsPerRank)
    try optimization.encode(to: encoder)
    try loss.encode(to: encoder)
    try values.encode(targets, forKey: .targets)
    try values.encode(locales.inOrder.map(\.name).joined(separator: ","), forKey: .locales)
    try values.encode(maxSteps, forKey: .maxSteps)
    try values.encode(seed, forKey: .seed)
    try values.encode(stoppingStep, forKey: .stoppingStep)
    try values.encode(validMetric, forKey: .validMetric)
    try values.encode(checkpointEvery, forKey: .checkpointEvery)
  }
}

extension TrainingPlan: RunPlan {
  /// A plan from a configuration file, from flags, or from both: see `PlanSource`.
  /// - Throws: `TrainingError.badConfiguration`, `.unknownOption`, `.badOption`, `ModelError`.
  public init(file: String?, flags: [String: String]) throws {
    self = try PlanSource(file: file, flags: flags).plan(TrainingPlan.self)
  }

  public var modelName: String { model.name }

  /// The options that decide the weights, and which are the best: a checkpoint fits a plan that has the same.
  public func decidingOptions() throws -> [String: String] {
    let free: [Key] = [
      .dataset, .threadsPerRank, .epochs, .maxSteps, .stoppingStep, .checkpointEvery,
    ]
    // The rate along a cosine depends on the length of the run.
    let bound = optimization.schedule == .cosine ? [Key.epochs] : []
    return try resolvedOptions().filter { option in
      bound.contains { $0.rawValue == option.key } || !free.contains { $0.rawValue == option.key }
    }
  }
}
