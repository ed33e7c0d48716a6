import Evaluation
import Foundation
import Models
import Sessions

/// Every option of a hand-off: those of the training in each locale, and what is handed over how. Coded flat.
public struct FineTuningPlan: Sendable {
  /// How many models come out.
  public enum Mode: String, Codable, CaseIterable, Sendable {
    /// One a locale.
    case each
    /// One for all locales together.
    case joint
    /// Both, to be compared.
    case both
  }

  /// What happens to the optimizer's moments.
  public enum MomentRule: String, Codable, CaseIterable, Sendable {
    /// They start from zero.
    case fresh
    /// They are the checkpoint's, zero for new items.
    case keep
  }

  /// Its `locales` are those to adapt to.
  public var training: TrainingPlan
  /// The pre-trained run or checkpoint.
  public var checkpoint: String
  public var mode = Mode.each
  /// What targets are ranked among, in validation and in the report: `locale`, `joint` (what was seen in any of
  /// the plan's locales), `all`, or a list of locales.
  public var candidates = "locale"
  public var frozen = FrozenWeights.none
  public var moments = MomentRule.fresh
  /// Whether a model is also trained from scratch for each fine-tuned one, with the same budget.
  public var scratch = false
  /// The split that the report is about; nil for the test split where it has answers, else the valid split.
  public var split: DatasetSplit?

  /// The candidates, `joint` resolved.
  func candidateRule() throws -> CandidateRule {
    candidates == "joint" ? .locales(training.locales) : try CandidateRule(parsing: candidates)
  }

  /// Options as they were given, completed by a checkpoint: model, loss and targets are its own where they were not
  /// given; everything else keeps its default.
  /// - Throws: `TrainingError.checkpointDiffers` for the first given option that the checkpoint's shapes do not
  ///   allow, `.nothingToFineTune`, `.noMoments`, or what `PlanSource.plan` throws.
  init(_ source: PlanSource, of opened: OpenedCheckpoint, at path: String) throws {
    let saved = opened.state.options
    if let counting = opened.state.countingModel {
      throw TrainingError.nothingToFineTune(path: path, model: counting.name)
    }
    let model = try opened.state.modelConfiguration()
    let own = try optionTexts(model).map(\.name)
    try Self.requireShapes(of: model, own, source, saved, path)
    let inherited = Set(own + (try optionTexts(LossPlan()).map(\.name)) + [TrainingPlan.Key.targets.rawValue])
    self = try source.over(saved.filter { inherited.contains($0.key) }).plan(FineTuningPlan.self)
    let rule = opened.state.options["optimizer"].flatMap(OptimizerOptions.Rule.init(rawValue:)) ?? .adam
    var before = training.optimization
    before.optimizer = rule
    if moments == .keep, before.momentNames != training.optimization.momentNames {
      throw TrainingError.noMoments(
        path: path, saved: rule.rawValue, asked: training.optimization.optimizer.rawValue)
    }
  }

  /// Checks the given options of the model one by one: with each alone, the weights must keep their shapes.
  private static func requireShapes(
    of model: ModelConfiguration, _ names: [String], _ source: PlanSource, _ saved: [String: String], _ path: String
  ) throws {
    let shapes = model.shapes
    for name in names {
      guard let asked = source.text(of: name), asked != saved[name] else { continue }
      func refuse() -> TrainingError {
        .checkpointDiffers(name: name, saved: saved[name] ?? "unset", asked: asked, path: path)
      }
      if name == "model" {
        if asked.lowercased() == model.name.lowercased() { continue }
        throw refuse()
      }
      var options = saved
      options[name] = asked
      let changed: ModelConfiguration
      do {
        changed = try CheckpointState.modelConfiguration(options)
      } catch is DecodingError {
        continue  // not a value of its kind: `PlanSource.plan` says so, and where it was given
      }
      try changed.validate()
      if changed.shapes != shapes { throw refuse() }
    }
  }
}

extension ModelConfiguration {
  /// The names and shapes of the weights, for a catalogue of one item.
  fileprivate var shapes: [String] { makeModel(items: 1).parameters.all.map { "\($0.name) \($0.shape)" } }
}

extension FineTuningPlan: RunPlan {
  private enum Key: String, CodingKey, CaseIterable {
    case checkpoint, mode, candidates, freeze, moments, scratch, split
  }

  public var modelName: String { training.modelName }

  public func validate() throws {
    try training.validate()
    _ = try candidateRule()
    try requireOption(split != .train, "split", "train", "valid or test")
  }

  /// The options that decide the weights, and those that decide when training ends and what is reported.
  public func decidingOptions() throws -> [String: String] {
    let ending: [TrainingPlan.Key] = [.epochs, .maxSteps, .stoppingStep, .validMetric]
    let names = Set(try training.decidingOptions().keys)
      .union(ending.map(\.rawValue)).union(Key.allCases.map(\.rawValue))
    return try resolvedOptions().filter { names.contains($0.key) }
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    training = try TrainingPlan(from: decoder)
    checkpoint = try values.decode(String.self, forKey: .checkpoint)
    mode = try values.value(.mode, or: mode)
    candidates = try values.value(.candidates, or: candidates)
    frozen = try values.value(.freeze, or: frozen)
    moments = try values.value(.moments, or: moments)
    scratch = try values.value(.scratch, or: scratch)
    split = try values.decodeIfPresent(String.self, forKey: .split).map { text in
      guard let split = DatasetSplit(rawValue: text) else {
        throw TrainingError.badOption(name: "split", value: text, allowed: "valid or test")
      }
      return split
    }
  }

  public func encode(to encoder: any Encoder) throws {
    try training.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(checkpoint, forKey: .checkpoint)
    try values.encode(mode, forKey: .mode)
    try values.encode(candidates, forKey: .candidates)
    try values.encode(frozen, forKey: .freeze)
    try values.encode(moments, forKey: .moments)
    // As text: a number would come out of a Bool on its way through JSON.
    try values.encode(scratch ? "true" : "false", forKey: .scratch)
    try values.encode(split?.rawValue, forKey: .split)
  }
}
