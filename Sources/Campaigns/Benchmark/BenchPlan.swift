import Learning
import Models
import OptionTables
import Runs
import Sessions
import Tensors

/// What `caravan bench` measures: training steps of a model on made-up sessions.
package struct BenchPlan: Sendable {
  package var model: ModelConfiguration
  /// V, the items of the catalogue; by default as many as Amazon-M2's public sessions have.
  package var items = 197_833
  /// Sessions in a global batch.
  package var batchSize = 1024
  package var lanes = 8
  package var headBlocks = 8
  package var itemTable = ItemTableChoice.replicated
  package var precision = Precision.float32
  package var threadsPerRank = 1
  package var targets = TargetRule.last
  package var loss = LossPlan()
  /// Steps that are timed.
  package var steps = 10
  /// Steps before them, which compile products and grow memory.
  package var warmupSteps = 2
  package var seed: UInt64 = 2023

  package init() { model = ModelConfiguration(GRU4Rec.self) }

  /// Sessions that are ranked to time evaluation.
  var evaluatedSessions: Int { 4096 }
}

extension BenchPlan: RunPlan {
  package var modelName: String { model.name }

  /// The model's own: a step is of one size whatever the model.
  package var defaults: [String: String] { model.recipe.filter { model.table[$0.key] != nil } }

  package var table: OptionTable<BenchPlan> {
    OptionTable(joining: [
      ModelConfiguration.neuralChoice.lifted(\.model), model.table.lifted(\.model), Self.ownTable,
      LossPlan.table.lifted(\.loss),
    ])
  }

  /// What is not the model's.
  static let ownTable = OptionTable<BenchPlan>([
    OptionDeclaration("items", \.items, .count(12...100_000_000), "Items of the catalogue."),
    .targets(\.targets),
    .batchSize(\.batchSize),
    .lanes(\.lanes),
    .headBlocks(\.headBlocks),
    .itemTable(\.itemTable),
    OptionDeclaration("steps", \.steps, .wholeNumber(1...1_000_000), "Steps that are timed."),
    OptionDeclaration("warmup_steps", \.warmupSteps, .wholeNumber(0...1_000_000), "Steps before them."),
    .precision(\.precision),
    .threads(\.threadsPerRank),
    .seed(\.seed),
  ])

  /// The options without those of models, for help.
  package static var section: [OptionSummary] {
    ModelConfiguration.neuralChoice.summaries(Self().model) + ownTable.summaries(Self())
      + LossPlan.table.summaries(LossPlan())
  }

  package func validate() throws(OptionError) {
    try table.check(self)
    try model.validate()
    let most = 1 << 26
    if (steps + warmupSteps) * batchSize > most {
      throw .badValue(
        "--steps", value: "\(steps)", allowed: "fewer: with --batch-size they need more than \(most) sessions")
    }
  }
}
