import Foundation
import MPI
import Models
import Tensors

/// How a run optimizes: rule, learning rate and its schedule, decay, clipping. Coded flat, beside a plan's other
/// options.
public struct OptimizationPlan: Equatable, Sendable {
  public var optimizer = OptimizerOptions.Rule.adam
  /// The learning rate; the highest one where it changes.
  public var rate = 0.001
  public var schedule = RateSchedule.Shape.constant
  /// Steps over which the rate rises from nearly 0.
  public var warmupSteps = 0
  /// What `step` multiplies the rate with, and after how many epochs.
  public var rateDecay = 0.1
  public var rateDecayEpochs = 3
  /// `adam`, `adagrad`: L2, added to the gradient; `adamw`: taken off the weights.
  public var weightDecay: Float = 0
  /// `adagrad`'s.
  public var momentum: Float = 0
  /// The gradient's norm over all weights above which it is scaled down to it; nil for no limit.
  public var clipNorm: Double?

  public init() {}

  /// What optimizers are made with.
  var optimizerOptions: OptimizerOptions {
    var options = OptimizerOptions(rule: optimizer)
    options.weightDecay = weightDecay
    options.momentum = momentum
    return options
  }

  /// The learning rate over a run.
  func rateSchedule(stepsPerEpoch: Int, epochs: Int) -> RateSchedule {
    RateSchedule(
      shape: schedule, base: rate, warmupSteps: warmupSteps, decay: rateDecay,
      decaySteps: rateDecayEpochs * stepsPerEpoch, totalSteps: epochs * stepsPerEpoch)
  }

  /// - Throws: `TrainingError.badOption` for the first value that makes no sense.
  func validate() throws {
    try requireOption(rate > 0 && rate.isFinite, "lr", rate, "a number above 0")
    try requireOption(warmupSteps >= 0, "warmup_steps", warmupSteps, "a whole number from 0 up")
    try requireOption(rateDecay > 0 && rateDecay <= 1, "lr_decay", rateDecay, "a number above 0, up to 1")
    try requireOption(rateDecayEpochs >= 1, "lr_decay_epochs", rateDecayEpochs, "a whole number from 1 up")
    try requireOption(weightDecay >= 0, "weight_decay", weightDecay, "a number from 0 up")
    try requireOption((0..<1).contains(momentum), "momentum", momentum, "a number from 0 up to, not including, 1")
    try requireOption(clipNorm ?? 1 > 0, "clip_norm", clipNorm ?? 0, "a number above 0")
  }
}

/// - Throws: `TrainingError.badOption` where a batch cannot be cut into so many lanes.
func requireLanes(_ lanes: Int) throws(TrainingError) {
  try requireOption(
    (1...4096).contains(lanes) && lanes.nonzeroBitCount == 1, "lanes", lanes, "a power of two from 1 to 4096")
}

/// - Throws: `TrainingError.badOption` unless a rank can have so many threads.
func requireThreads(_ threads: Int) throws(TrainingError) {
  let most = CatalogueHead.largestStripeCount
  try requireOption(
    (1...most).contains(threads), "threads_per_rank", threads, "a whole number from 1 to \(most), or more ranks")
}

/// - Throws: `TrainingError.unsupportedPrecision` where this machine cannot compute so, `.precisionNotAllowed` where it
///   is told not to.
func requireSupport(of precision: Precision) throws(TrainingError) {
  guard !precision.isSupported else { return }
  if InstructionSet.ofCPU == .avx512BF16 {
    throw .precisionNotAllowed(
      precision.rawValue, host: MPIRuntime.hostname, isa: InstructionSet.current?.rawValue ?? instructionSet)
  }
  throw .unsupportedPrecision(precision.rawValue, host: MPIRuntime.hostname, instructionSet: instructionSet)
}

/// - Throws: `TrainingError.badOption` unless `holds`.
func requireOption(_ holds: Bool, _ name: String, _ value: some Any, _ allowed: String) throws(TrainingError) {
  if !holds { throw .badOption(name: name, value: "\(value)", allowed: allowed) }
}

extension OptimizationPlan: Codable {
  enum CodingKeys: String, CodingKey {
    case optimizer
    case rate = "lr"
    case schedule = "lr_schedule"
    case warmupSteps = "warmup_steps"
    case rateDecay = "lr_decay"
    case rateDecayEpochs = "lr_decay_epochs"
    case weightDecay = "weight_decay"
    case momentum
    case clipNorm = "clip_norm"
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    optimizer = try values.value(.optimizer, or: optimizer)
    rate = try values.value(.rate, or: rate)
    schedule = try values.value(.schedule, or: schedule)
    warmupSteps = try values.value(.warmupSteps, or: warmupSteps)
    rateDecay = try values.value(.rateDecay, or: rateDecay)
    rateDecayEpochs = try values.value(.rateDecayEpochs, or: rateDecayEpochs)
    weightDecay = try values.value(.weightDecay, or: weightDecay)
    momentum = try values.value(.momentum, or: momentum)
    clipNorm = try values.value(.clipNorm, or: clipNorm)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(optimizer, forKey: .optimizer)
    try values.encode(rate, forKey: .rate)
    try values.encode(schedule, forKey: .schedule)
    try values.encode(warmupSteps, forKey: .warmupSteps)
    try values.encode(rateDecay, forKey: .rateDecay)
    try values.encode(rateDecayEpochs, forKey: .rateDecayEpochs)
    try values.encode(weightDecay, forKey: .weightDecay)
    try values.encode(momentum, forKey: .momentum)
    try values.encode(clipNorm, forKey: .clipNorm)
  }
}
