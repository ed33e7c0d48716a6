import ArgumentParser
import Models
import Sessions
import Tensors
import Training

/// The options of a training plan as flags. None has a default here: the plan and the models know those, and
/// `caravan models` prints them.
struct PlanOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The prepared data set.", valueName: "folder"))
  var dataset: String?

  @Option(
    help: ArgumentHelp(
      """
      \(ModelConfiguration.names.joined(separator: ", ")); \(CountingModel.names.joined(separator: " or ")) counts, \
      which takes --locales alone.
      """, valueName: "name"))
  var model: String?

  @Option(help: ArgumentHelp("Train on the sessions of these locales only, such as ES,FR,IT.", valueName: "list"))
  var locales: String?

  @Option(help: "last: what follows a session; all: every item from the second on. (default: last)")
  var targets: TargetRule?

  @Option(help: "How often all sessions are seen. (default: 10)")
  var epochs: Int?

  @Option(help: "End the run after this many steps in all.")
  var maxSteps: Int?

  @Option(help: "Sessions in a global batch, over all ranks. (default: 1024)")
  var batchSize: Int?

  @Option(help: "Parts of a batch that are added in a fixed tree; a power of two. (default: 8)")
  var lanes: Int?

  @Option(help: "f32, or bf16: the catalogue's products in bfloat16, at about twice the speed. (default: f32)")
  var precision: Precision?

  @Option(help: "Threads of a rank, for machines with fewer ranks than cores; they change no bit. (default: 1)")
  var threadsPerRank: Int?

  @Option(help: "From which all random numbers follow. (default: 2023)")
  var seed: UInt64?

  @Option(help: "Epochs without a better valid metric after which the run stops. (default: 10)")
  var stoppingStep: Int?

  @Option(
    help: ArgumentHelp(
      "What decides on the best epoch: Recall, MRR or NDCG. (default: MRR@100)",
      valueName: "metric@k"))
  var validMetric: String?

  @Option(
    help: ArgumentHelp(
      "Write a checkpoint inside an epoch, too: every so many steps, after a time, or never. (default: 10m)",
      valueName: "500|10m|never"))
  var checkpointEvery: String?

  /// The options that were given, as text, by their names in a configuration file.
  var flags: [String: String] {
    given([
      ("dataset", dataset), ("model", model), ("locales", locales), ("targets", targets?.rawValue),
      ("epochs", epochs), ("max_steps", maxSteps), ("batch_size", batchSize), ("lanes", lanes),
      ("precision", precision?.rawValue), ("threads_per_rank", threadsPerRank), ("seed", seed),
      ("stopping_step", stoppingStep), ("valid_metric", validMetric), ("checkpoint_every", checkpointEvery),
    ])
  }
}

/// How a run optimizes, as flags.
struct OptimizationOptions: ParsableArguments {
  @Option(help: "adam, adamw or adagrad. (default: adam)")
  var optimizer: OptimizerOptions.Rule?

  @Option(help: "The learning rate. (default: 0.001)")
  var lr: Double?

  @Option(help: "constant, step (StepLR) or cosine. (default: constant)")
  var lrSchedule: RateSchedule.Shape?

  @Option(help: "Steps over which the rate rises from nearly 0. (default: 0)")
  var warmupSteps: Int?

  @Option(help: "What the schedule `step` multiplies the rate with. (default: 0.1)")
  var lrDecay: Double?

  @Option(help: "Epochs between those. (default: 3)")
  var lrDecayEpochs: Int?

  @Option(help: "adam, adagrad: L2, added to the gradient; adamw: taken off the weights. (default: 0)")
  var weightDecay: Float?

  @Option(help: "adagrad's. (default: 0)")
  var momentum: Float?

  @Option(help: "The gradient's norm above which it is scaled down to it.")
  var clipNorm: Double?

  var flags: [String: String] {
    given([
      ("optimizer", optimizer?.rawValue), ("lr", lr), ("lr_schedule", lrSchedule?.rawValue),
      ("warmup_steps", warmupSteps), ("lr_decay", lrDecay), ("lr_decay_epochs", lrDecayEpochs),
      ("weight_decay", weightDecay), ("momentum", momentum), ("clip_norm", clipNorm),
    ])
  }
}

/// What a run minimises, as flags.
struct LossOptions: ParsableArguments {
  @Option(help: "ce: the whole catalogue; over samples: ce-sampled, bpr-max, top1-max. (default: ce)")
  var loss: LossPlan.Kind?

  @Option(help: "Items drawn for each step, beside the batch's own targets. (default: 2048)")
  var nSample: Int?

  @Option(help: "Items are drawn in proportion to their occurrences to this power. (default: 0.75)")
  var sampleAlpha: Double?

  @Option(help: "bpr-max: how much the negatives' squared scores count. (default: 1)")
  var bpreg: Float?

  @Option(help: "ce-sampled: how much of the log-probability of being there is taken off. (default: 1)")
  var logq: Float?

  @Option(help: "linear, or elu- and its alpha, such as elu-0.5. (default: linear)")
  var finalAct: String?

  var flags: [String: String] {
    given([
      ("loss", loss?.rawValue), ("n_sample", nSample), ("sample_alpha", sampleAlpha), ("bpreg", bpreg),
      ("logq", logq), ("final_act", finalAct),
    ])
  }
}

/// The sizes and rates of all models, as flags; a model refuses those that it does not have.
struct ModelOptionFlags: ParsableArguments {
  @Option(help: "The width of the item table.")
  var embeddingSize: Int?

  @Option(help: "GRU4Rec, NARM: the width of the hidden state.")
  var hiddenSize: Int?

  @Option(help: "GRU4Rec, NARM: recurrent layers.")
  var numLayers: Int?

  @Option(name: [.long, .customLong("dropout-prob")], help: "GRU4Rec: of the looked-up items.")
  var dropout: Float?

  @Option(
    help: ArgumentHelp(
      "NARM: of the looked-up items, and of the session's two vectors.",
      valueName: "rate,rate"))
  var dropoutProbs: String?

  @Option(help: "SRGNN: steps of the graph network.")
  var step: Int?

  @Option(help: "CORE: trm, a transformer, or ave, the mean.")
  var dnnType: String?

  @Option(help: "CORE: layers of the transformer.")
  var nLayers: Int?

  @Option(help: "CORE: how many clicks its transformer can take.")
  var maxLength: Int?

  @Option(help: "CORE: heads of its attention.")
  var nHeads: Int?

  @Option(help: "CORE: the width between its dense layers.")
  var innerSize: Int?

  @Option(help: "CORE: what cosines are divided by.")
  var temperature: Float?

  @Option(help: "CORE: dropout of the looked-up items.")
  var sessDropout: Float?

  @Option(help: "CORE: dropout of the scored items.")
  var itemDropout: Float?

  @Option(name: [.long, .customLong("hidden-dropout-prob")], help: "CORE: dropout inside the transformer.")
  var hiddenDropout: Float?

  @Option(name: [.long, .customLong("attn-dropout-prob")], help: "CORE: dropout of the attention.")
  var attnDropout: Float?

  var flags: [String: String] {
    given([
      ("embedding_size", embeddingSize), ("hidden_size", hiddenSize), ("num_layers", numLayers),
      ("dropout", dropout), ("dropout_probs", dropoutProbs), ("step", step), ("dnn_type", dnnType),
      ("n_layers", nLayers), ("max_length", maxLength), ("n_heads", nHeads), ("inner_size", innerSize),
      ("temperature", temperature),
      ("sess_dropout", sessDropout), ("item_dropout", itemDropout), ("hidden_dropout", hiddenDropout),
      ("attn_dropout", attnDropout),
    ])
  }
}

/// Those options that have a value, as text.
func given(_ options: [(String, (any CustomStringConvertible)?)]) -> [String: String] {
  Dictionary(uniqueKeysWithValues: options.compactMap { name, value in value.map { (name, $0.description) } })
}

extension TargetRule: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
extension OptimizerOptions.Rule: ExpressibleByArgument {}
extension RateSchedule.Shape: ExpressibleByArgument {}
extension LossPlan.Kind: ExpressibleByArgument {}
