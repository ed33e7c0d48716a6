import ArgumentParser

/// The options of a training plan as flags. None has a default here: `TrainingPlan` knows those.
struct PlanOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The prepared data set.", valueName: "folder"))
  var dataset: String?

  @Option(help: ArgumentHelp("GRU4Rec; or POP or COVISIT, which count: of all options they have --dataset and --locales.", valueName: "name"))
  var model: String?

  @Option(help: "How often all sessions are seen. (default: 10)")
  var epochs: Int?

  @Option(help: "Sessions in a global batch, over all ranks. (default: 1024)")
  var batchSize: Int?

  @Option(help: "Parts of a batch that are added in a fixed tree; a power of two. (default: 8)")
  var lanes: Int?

  @Option(help: "The learning rate. (default: 0.001)")
  var lr: Double?

  @Option(
    name: [.long, .customLong("dropout-prob")],
    help: "The share of the input's elements that training drops. (default: 0)")
  var dropout: Float?

  @Option(help: "Recurrent layers. (default: 1)")
  var numLayers: Int?

  @Option(help: "The width of the item table. (default: 64)")
  var embeddingSize: Int?

  @Option(help: "The width of the hidden state. (default: 128)")
  var hiddenSize: Int?

  @Option(help: "L2: added to the gradient, times the weight. (default: 0)")
  var weightDecay: Float?

  @Option(help: ArgumentHelp("Train on the sessions of these locales only, such as ES,FR,IT.", valueName: "list"))
  var locales: String?

  @Option(help: "End the run after this many steps in all.")
  var maxSteps: Int?

  @Option(help: "From which all random numbers follow. (default: 2023)")
  var seed: UInt64?

  @Option(help: "Epochs without a better valid metric after which the run stops. (default: 10)")
  var stoppingStep: Int?

  @Option(help: ArgumentHelp("What decides on the best epoch: Recall, MRR or NDCG. (default: MRR@100)", valueName: "metric@k"))
  var validMetric: String?

  @Option(help: ArgumentHelp("Steps between checkpoints inside an epoch; by default the epochs' own alone.",
    valueName: "steps"))
  var checkpointEvery: Int?

  /// The options that were given, as text, by their names in a configuration file.
  var flags: [String: String] {
    let all: [(String, (any CustomStringConvertible)?)] = [
      ("dataset", dataset), ("model", model), ("epochs", epochs), ("batch_size", batchSize), ("lanes", lanes),
      ("lr", lr), ("dropout", dropout), ("num_layers", numLayers), ("embedding_size", embeddingSize),
      ("hidden_size", hiddenSize), ("weight_decay", weightDecay), ("locales", locales),
      ("max_steps", maxSteps), ("seed", seed), ("stopping_step", stoppingStep),
      ("valid_metric", validMetric), ("checkpoint_every", checkpointEvery),
    ]
    return Dictionary(uniqueKeysWithValues: all.compactMap { name, value in value.map { (name, $0.description) } })
  }
}
