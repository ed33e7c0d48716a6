import Models
import Tensors

/// What `caravan bench` measures: training steps of a model on made-up sessions.
public struct BenchPlan: Sendable {
  public var model: ModelConfiguration
  /// V, the items of the catalogue; by default as many as Amazon-M2's public sessions have.
  public var items = 197_833
  /// Sessions in a global batch.
  public var batchSize = 1024
  public var lanes = 8
  public var precision = Precision.float32
  public var threadsPerRank = 1
  /// Steps that are timed.
  public var steps = 10
  /// Steps before them, which compile products and grow memory.
  public var warmupSteps = 2
  public var seed: UInt64 = 2023

  public init(model: ModelConfiguration) { self.model = model }

  /// Sessions that are ranked to time evaluation.
  var evaluatedSessions: Int { 4096 }
}

extension BenchPlan: RunPlan {
  enum Key: String, CodingKey {
    case items
    case batchSize = "batch_size"
    case lanes
    case precision
    case threadsPerRank = "threads_per_rank"
    case steps
    case warmupSteps = "warmup_steps"
    case seed
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    model = try ModelConfiguration(from: decoder)
    items = try values.value(.items, or: items)
    batchSize = try values.value(.batchSize, or: batchSize)
    lanes = try values.value(.lanes, or: lanes)
    precision = try values.value(.precision, or: precision)
    threadsPerRank = try values.value(.threadsPerRank, or: threadsPerRank)
    steps = try values.value(.steps, or: steps)
    warmupSteps = try values.value(.warmupSteps, or: warmupSteps)
    seed = try values.value(.seed, or: seed)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try model.encode(to: encoder)
    try values.encode(items, forKey: .items)
    try values.encode(batchSize, forKey: .batchSize)
    try values.encode(lanes, forKey: .lanes)
    try values.encode(precision, forKey: .precision)
    try values.encode(threadsPerRank, forKey: .threadsPerRank)
    try values.encode(steps, forKey: .steps)
    try values.encode(warmupSteps, forKey: .warmupSteps)
    try values.encode(seed, forKey: .seed)
  }

  public var modelName: String { model.name }

  public func validate() throws {
    let wholeNumber = "a whole number from 1 up"
    try requireOption((12...100_000_000).contains(items), "items", items, "a whole number from 12 to 100000000")
    try requireOption(batchSize >= 1, "batch_size", batchSize, wholeNumber)
    try requireOption(steps >= 1, "steps", steps, wholeNumber)
    try requireOption(warmupSteps >= 0, "warmup_steps", warmupSteps, "a whole number from 0 up")
    try requireLanes(lanes)
    try requireThreads(threadsPerRank)
    try model.validate()
  }

  public func decidingOptions() throws -> [String: String] { try resolvedOptions() }
}
