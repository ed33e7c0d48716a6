import Evaluation
import Learning
import Models
import OptionTables
import Sessions
import Tensors

/// Every option of a training run. Written next to the results as `config.yaml`, under the names of the
/// command line's flags with underscores.
public struct TrainingPlan: Sendable {
  /// The folder of the prepared data set.
  public var dataset: String
  /// The model, with its own options.
  public var model: ModelConfiguration
  /// What options that are not given have.
  public var preset = Preset.tuned
  /// How often all sessions are seen.
  public var epochs = 6
  /// Sessions in a global batch, over all ranks.
  public var batchSize = 1024
  /// Parts of a batch that are computed apart and added in a fixed tree; a power of two, at least the ranks.
  public var lanes = 8
  /// Parts of a batch that the catalogue head multiplies, each of neighbouring lanes; no more than lanes.
  public var headBlocks = 8
  /// Where the item table is; changes no bit.
  public var itemTable = ItemTableChoice.replicated
  /// What the products of the catalogue head multiply.
  public var precision = Precision.float32
  /// How many threads a rank has. They change no bit.
  public var threadsPerRank = 1
  /// How gradients become updates.
  public var optimization = OptimizationPlan()
  /// What is minimised.
  public var loss = LossPlan()
  /// How many clicks the sessions of the data set may have, for models that take any number; nil for any.
  public var maxLength: Int?
  /// Which clicks are targets.
  public var targets = TargetRule.prefixes
  /// The locales whose sessions are trained on, by their names; empty for all. The vocabulary is kept whole.
  public var locales: [String] = []
  /// Ends the run after this many steps in all, counted over resumes.
  public var maxSteps: Int?
  /// From which all random numbers follow.
  public var seed: UInt64 = 2023
  /// Epochs from one evaluation of the valid split to the next.
  public var evaluationEpochs = 1
  /// Evaluations without a better `validMetric` after which the run stops.
  public var stoppingStep = 3
  /// Which figure of the valid split decides on the best epoch: `MRR@100` …
  public var validMetric = "MRR@100"
  /// How often checkpoints are written inside an epoch.
  public var checkpointEvery = CheckpointInterval.seconds(600)

  /// Whether a run may go on from a checkpoint of another instruction set, oneDNN or Caravan: to other bits.
  public var allowsMixedISA = false

  /// GRU4Rec with every option at its own default, without what `defaults` says; `dataset` is empty.
  public init() {
    dataset = ""
    model = ModelConfiguration(GRU4Rec.self)
  }
}

extension TrainingPlan: RunPlan {
  public var modelName: String { model.name }

  /// What the preset says for this model.
  public var defaults: [String: String] { preset.values(for: model) }

  /// The model's own options among them.
  public var table: OptionTable<TrainingPlan> {
    OptionTable(joining: [
      Self.dataTable, ModelConfiguration.choice.lifted(\.model), model.table.lifted(\.model),
      model.table["max_length"] == nil ? Self.lengthTable : OptionTable([]), Self.ownTable,
      OptimizationPlan.table.lifted(\.optimization), LossPlan.table.lifted(\.loss), Self.machineTable,
    ])
  }

  /// Of models without a length of their own.
  static let lengthTable = OptionTable<TrainingPlan>([
    OptionDeclaration(
      "max_length", \.maxLength, OptionKind<Int>.wholeNumber(1...65_536).orNone(), aliases: ["max_item_list_length"],
      decides: .never, "Refuse a data set with longer sessions: they are cut when it is prepared.")
  ])

  /// Not among the sections of help: every command that computes has it as a flag (`MachineOptions`).
  private static let machineTable = OptionTable<TrainingPlan>([
    OptionDeclaration(
      "allow_mixed_isa", \.allowsMixedISA, .flag, decides: .never,
      "Go on from a checkpoint of another instruction set, oneDNN or caravan: to other bits.")
  ])

  static let dataTable = OptionTable<TrainingPlan>([.dataset(\.dataset)])

  /// What is neither the model's, the optimizer's nor the loss's.
  static let ownTable = OptionTable<TrainingPlan>([
    OptionDeclaration(
      "preset", \.preset, .choice, decides: .never,
      "Defaults: tuned, those found best; recbole, RecBole's: last targets, 10 epochs at a constant rate of 0.001."),
    .locales(\.locales),
    .targets(\.targets),
    OptionDeclaration(
      "epochs", \.epochs, .wholeNumber(1...(1 << 24)), aliases: ["n_epochs"],
      // The rate along a cosine depends on the length of the run.
      decides: .when { $0.optimization.schedule == .cosine }, "How often all sessions are seen."),
    OptionDeclaration(
      "max_steps", \.maxSteps, OptionKind<Int>.wholeNumber(1...(1 << 40)).orNone(), decides: .never,
      "End the run after this many steps in all."),
    .batchSize(\.batchSize),
    .lanes(\.lanes),
    .headBlocks(\.headBlocks),
    .itemTable(\.itemTable),
    .precision(\.precision),
    .threads(\.threadsPerRank),
    .seed(\.seed),
    OptionDeclaration(
      "eval_step", \.evaluationEpochs, .wholeNumber(1...(1 << 24)), "Epochs from one evaluation to the next."),
    OptionDeclaration(
      "stopping_step", \.stoppingStep, .wholeNumber(1...(1 << 24)), decides: .never,
      "Evaluations without a better valid metric after which the run stops."),
    OptionDeclaration(
      "valid_metric", \.validMetric, .rankingMetric,
      "What decides on the best epoch: Recall, MRR or NDCG."),
    OptionDeclaration(
      "checkpoint_every", \.checkpointEvery, .checkpointInterval, decides: .never,
      "Write a checkpoint inside an epoch, too: every so many steps, after a time, or never."),
  ])

  /// The options by the sections of help, without those of models.
  public static var sections: (plan: [OptionSummary], optimization: [OptionSummary], loss: [OptionSummary]) {
    let own =
      dataTable.summaries(Self()) + ModelConfiguration.choice.summaries(Self().model) + ownTable.summaries(Self())
    let optimization = OptimizationPlan.table.summaries(OptimizationPlan())
    let loss = LossPlan.table.summaries(LossPlan())
    return (own.map(withRecipes), optimization.map(withRecipes), loss.map(withRecipes))
  }

  /// The same option, and which models' recipes have another value.
  private static func withRecipes(_ option: OptionSummary) -> OptionSummary {
    var option = option
    option.exceptions = ModelConfiguration.kinds.compactMap { kind in
      kind.recipe[option.name].map { (owner: kind.name, text: $0) }
    }
    return option
  }

  /// A plan from a configuration file, from flags, or from both: see `PlanSource`.
  /// - Throws: `OptionError`, `RunError.badConfiguration`.
  public init(file: String?, flags: [String: String]) throws {
    self = try PlanSource(file: file, flags: flags).plan(TrainingPlan.self)
  }

  /// - Throws: `OptionError.badValue` for the first value that makes no sense, by itself or beside the others.
  public func validate() throws(OptionError) {
    try table.check(self)
    try model.validate()
    if loss.kind.isBinary && loss.samples == 0 {
      throw .badValue(
        "--n-sample", value: "0", allowed: "a number from 1 up: \(loss.kind.rawValue) has no other negatives")
    }
    // The other targets of a batch are negatives too, but there must be some.
    if loss.isFull || loss.samples > 0 || batchSize > 1 || targets == .all { return }
    throw .badValue(
      "--n-sample", value: "0", allowed: "a number from 1 up: a batch of one session has no other negatives")
  }
}

extension TrainingPlan {
  /// How many ranks may work together: each has a lane, and where it walks the whole catalogue a block of them.
  package var mostRanks: Int { loss.isFull && itemTable == .replicated ? min(lanes, headBlocks) : lanes }
}

extension OptionKind<String> {
  /// A `RankingMetric`, as it writes itself.
  fileprivate static var rankingMetric: Self {
    Self("Recall, MRR or NDCG at a cut-off, such as MRR@100", valueName: "metric@k") { text in
      (try? RankingMetric(parsing: text))?.description
    } text: {
      $0
    }
  }
}
