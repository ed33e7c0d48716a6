import Foundation
import Learning
import MPI
import OptionTables
import Tensors

/// How a run optimizes: rule, learning rate and its schedule, decay, clipping.
public struct OptimizationPlan: Equatable, Sendable {
  /// The rule of update.
  public var optimizer = OptimizerOptions.Rule.adam
  /// The learning rate; the highest one where it changes.
  public var rate = 0.005
  /// How the rate changes after warm-up.
  public var schedule = RateSchedule.Shape.cosine
  /// Steps over which the rate rises from nearly 0; nil for 100, but half an epoch at most.
  public var warmupSteps: Int?
  /// What the schedule `step` multiplies the rate with.
  public var rateDecay = 0.1
  /// After how many epochs it does, each time.
  public var rateDecayEpochs = 3
  /// `adam`, `adagrad`: L2, added to the gradient; `adamw`: taken off the weights.
  public var weightDecay: Float = 0
  /// `adagrad`'s.
  public var momentum: Float = 0
  /// Which rows of the item table a step of a sampled loss updates.
  public var updatedRows = UpdatedRows.touched
  /// The gradient's norm over all weights above which it is scaled down to it; nil for no limit.
  public var clipNorm: Double?

  /// Adam, from 0.005 down along a cosine.
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
      shape: schedule, base: rate, warmupSteps: warmupSteps ?? min(100, stepsPerEpoch / 2), decay: rateDecay,
      decaySteps: rateDecayEpochs * stepsPerEpoch, totalSteps: epochs * stepsPerEpoch)
  }
}

extension OptimizationPlan {
  static let table = OptionTable<OptimizationPlan>([
    OptionDeclaration("optimizer", \.optimizer, .choice, aliases: ["learner"], "adam, adamw or adagrad."),
    OptionDeclaration("lr", \.rate, .positive, aliases: ["learning_rate"], "The learning rate."),
    OptionDeclaration("lr_schedule", \.schedule, .choice, "constant, step (StepLR) or cosine."),
    OptionDeclaration(
      "warmup_steps", \.warmupSteps, OptionKind<Int>.wholeNumber(0...(1 << 40)).orAuto(),
      "Steps over which the rate first rises from nearly 0 to --lr; auto: 100, but half an epoch at most."),
    OptionDeclaration(
      "lr_decay", \.rateDecay, .number("a number above 0, up to 1") { $0 > 0 && $0 <= 1 },
      decides: .whenUsed { $0.schedule == .step },
      "The schedule `step`: what the rate is multiplied with."),
    OptionDeclaration(
      "lr_decay_epochs", \.rateDecayEpochs, .wholeNumber(1...(1 << 24)), decides: .whenUsed { $0.schedule == .step },
      "The schedule `step`: epochs from one multiplication to the next."),
    OptionDeclaration(
      "weight_decay", \.weightDecay, .notNegative,
      "adam, adagrad: L2, added to the gradient; adamw: taken off the weights."),
    OptionDeclaration(
      "momentum", \.momentum, .rate, decides: .whenUsed { $0.optimizer == .adagrad },
      "adagrad: momentum; 0 is none."),
    OptionDeclaration(
      "updated_rows", \.updatedRows, .choice,
      "Sampled losses: touched, only the rows of the item table that a step saw, as torch.optim.SparseAdam; all, every "
        + "row by its moments, as torch.optim.Adam, at the cost of the whole table."),
    OptionDeclaration(
      "clip_norm", \.clipNorm, OptionKind<Double>.positive.orNone(),
      "A longer gradient is scaled down to this norm."),
  ])
}

/// - Throws: `RunError.unsupportedPrecision` where this machine cannot compute so, `.precisionNotAllowed` or
///   `.precisionNotPortable` where it is told not to.
package func requireSupport(of precision: Precision) throws(RunError) {
  guard !precision.isSupported else { return }
  if InstructionSet.current == .portable { throw .precisionNotPortable(precision.rawValue) }
  if InstructionSet.ofCPU == .avx512BF16 {
    throw .precisionNotAllowed(
      precision.rawValue, host: MPIRuntime.hostname, isa: InstructionSet.current?.rawValue ?? instructionSet)
  }
  throw .unsupportedPrecision(precision.rawValue, host: MPIRuntime.hostname, instructionSet: instructionSet)
}
