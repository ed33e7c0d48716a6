import Evaluation
import Learning
import Models
import OptionTables
import Runs
import Sessions

/// Every option of a hand-off: those of the training in each locale, and what is handed over how.
package struct FineTuningPlan: Sendable {
  /// How many models come out.
  package enum Mode: String, CaseIterable, Sendable {
    /// One a locale.
    case each
    /// One for all locales together.
    case joint
    /// Both, to be compared.
    case both
  }

  /// What happens to the optimizer's moments.
  package enum MomentRule: String, CaseIterable, Sendable {
    /// They start from zero.
    case fresh
    /// They are the checkpoint's, zero for new items.
    case keep
  }

  /// Its `locales` are those to adapt to.
  package var training: TrainingPlan
  /// The pre-trained run or checkpoint.
  package var checkpoint: String
  package var mode = Mode.each
  /// What targets are ranked among, in validation and in the report: `locale`, `joint` (what was seen in any of
  /// the plan's locales), `all`, or a list of locales.
  package var candidates = "locale"
  package var frozen = FrozenWeights.none
  package var moments = MomentRule.fresh
  /// Whether a model is also trained from scratch for each fine-tuned one, with the same budget.
  package var scratch = false
  /// The split that the report is about; nil for the test split where it has answers, else the valid split.
  package var split: DatasetSplit?

  /// The candidates, `joint` resolved.
  func candidateRule() throws -> CandidateRule {
    if candidates != "joint" { return try CandidateRule(parsing: candidates) }
    return training.locales.isEmpty ? .all : .locales(training.locales)
  }

  /// Options as they were given, completed by a checkpoint: model, loss and targets are its own where they were not
  /// given; everything else keeps its default.
  /// - Throws: `HandOffError.checkpointDiffers` for the first given option that the checkpoint's shapes do not
  ///   allow, `.nothingToFineTune`, `.noMoments`, or what `PlanSource.plan` throws.
  init(_ source: PlanSource, of opened: OpenedCheckpoint, at path: String) throws {
    let saved = opened.state.options
    if let counting = opened.state.countingModel {
      throw HandOffError.nothingToFineTune(path: path, model: counting.name)
    }
    let model = try opened.state.modelConfiguration()
    try Self.requireShapes(of: model, source, saved, path)
    let inherited = Set(model.table.options.map(\.name) + LossPlan.table.options.map(\.name) + Self.inherited)
    self = try source.over(saved.filter { inherited.contains($0.key) }).plan(FineTuningPlan.self)
    let rule = opened.state.options["optimizer"].flatMap(OptimizerOptions.Rule.init(rawValue:)) ?? .adam
    var before = training.optimization
    before.optimizer = rule
    if moments == .keep, before.momentNames != training.optimization.momentNames {
      throw HandOffError.noMoments(
        path: path, saved: rule.rawValue, asked: training.optimization.optimizer.rawValue)
    }
  }

  /// Checks the given options of the model one by one: with each alone, the weights must keep their shapes.
  private static func requireShapes(
    of model: ModelConfiguration, _ source: PlanSource, _ saved: [String: String], _ path: String
  ) throws {
    let shapes = model.shapes
    for option in OptionTable(joining: [ModelConfiguration.neuralChoice, model.table]).options {
      guard let given = source.given(option), given.text != saved[option.name] else { continue }
      var changed = model
      if option.name == "model" {
        // Its options would be those of another model.
        try ModelConfiguration.neuralChoice.set(given, in: &changed)
        if changed.name == model.name { continue }
      } else {
        try model.table.set(given, in: &changed)
        if changed.shapes == shapes { continue }
      }
      throw HandOffError.checkpointDiffers(
        name: option.name, saved: saved[option.name] ?? "unset", asked: given.text, path: path)
    }
  }
}

extension ModelConfiguration {
  /// The names and shapes of the weights, for a catalogue of one item.
  fileprivate var shapes: [String] { makeModel(items: 1).parameters.all.map { "\($0.name) \($0.shape)" } }
}

extension FineTuningPlan: RunPlan {
  package init() {
    training = TrainingPlan()
    checkpoint = ""
  }

  package var modelName: String { training.modelName }

  package var defaults: [String: String] { training.defaults }

  package var table: OptionTable<FineTuningPlan> {
    OptionTable(joining: [training.table.lifted(\.training), Self.ownTable])
  }

  /// What is handed over how.
  static let ownTable = OptionTable<FineTuningPlan>([
    OptionDeclaration(
      "checkpoint", \.checkpoint, .text("the folder of a pre-trained run or checkpoint", valueName: "folder"),
      aliases: ["saved_model"], isRequired: true,
      "The pre-trained run (its best checkpoint, else its latest) or checkpoint."),
    OptionDeclaration("mode", \.mode, .choice, "each: a model a locale; joint: one for all of them; both."),
    OptionDeclaration(
      "candidates", \.candidates, .candidates,
      "What targets are ranked among: what was seen in the session's locale, in any of --locales, or the whole catalogue."
    ),
    OptionDeclaration(
      "freeze", \.frozen, .choice, "What stays as it is: items, the item table; encoder, all but the item table."),
    OptionDeclaration("moments", \.moments, .choice, "The optimizer's moments: fresh, or keep the checkpoint's."),
    OptionDeclaration(
      "scratch", \.scratch, .flag, "Also train from scratch on the same sessions, with the same budget."),
    OptionDeclaration(
      "split", \.split, .reported,
      "The split of the report. (default: test where its answers are known, else valid)"),
  ])

  /// What is the checkpoint's where it is not given, beside the options of model and loss.
  private static let inherited = ["model", "targets"]

  /// The options by the sections of help.
  package static var sections:
    (own: [OptionSummary], plan: [OptionSummary], loss: [OptionSummary], model: [OptionSummary])
  {
    func ofCheckpoint(_ option: OptionSummary) -> OptionSummary { option.with(defaultText: "the checkpoint's") }
    let training = TrainingPlan.sections
    let plan = training.plan.map { option in
      if option.name == "locales" {
        return option.with(defaultText: "all that have sessions", meaning: "The locales to adapt to, such as ES,FR,IT.")
      }
      if option.name == "model" {
        return ofCheckpoint(ModelConfiguration.neuralChoice.summaries(TrainingPlan().model)[0])
      }
      return inherited.contains(option.name) ? ofCheckpoint(option) : option
    }
    return (
      ownTable.summaries(Self()), plan, training.loss.map(ofCheckpoint),
      ModelConfiguration.summaries.map(ofCheckpoint)
    )
  }

  package func validate() throws(OptionError) {
    try table.check(self)
    try training.validate()
  }

  /// The options that decide the weights, and those that decide when training ends and what is reported.
  package var decidingOptions: [String: String] {
    let ending = ["epochs", "max_steps", "stopping_step", "valid_metric"]
    let texts = table.texts(of: self).filter { ending.contains($0.name) }
    return texts.reduce(into: table.decidingTexts(of: self)) { $0[$1.name] = $1.text }
  }
}

extension OptionKind<String> {
  /// A `CandidateRule`, or `joint`.
  fileprivate static var candidates: Self {
    Self("locale, joint, all, or locales such as ES,FR", valueName: "locale|joint|all|list") { text in
      text == "joint" ? text : (try? CandidateRule(parsing: text)) == nil ? nil : text
    } text: {
      $0
    }
  }
}

extension OptionKind<DatasetSplit?> {
  /// A split that has answers and is not trained on.
  fileprivate static var reported: Self {
    Self("valid or test", valueName: "valid|test") { text in
      DatasetSplit(rawValue: text).flatMap { $0 == .train ? nil : .some(.some($0)) }
    } text: {
      $0?.rawValue
    }
  }
}
