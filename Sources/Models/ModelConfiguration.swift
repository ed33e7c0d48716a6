import OptionTables
import Tensors

/// A model by name, with its options.
public struct ModelConfiguration: Sendable {
  /// All models there are.
  public static let kinds: [any SessionModel.Type] = [
    GRU4Rec.self, NARM.self, STAMP.self, SRGNN.self, CORE.self, SASRec.self,
  ]

  /// Their names.
  public static var names: [String] { kinds.map { $0.name } }

  private let kind: any SessionModel.Type
  package private(set) var options: any ModelOptions

  /// A model with chosen options.
  public init<Model: SessionModel>(_ model: Model.Type, _ options: Model.Options = Model.Options()) {
    kind = model
    self.options = options
  }

  /// The model of that name with its defaults, in capital or small letters, with or without dashes (SR-GNN); nil where
  /// there is none.
  public init?(name: String) {
    func letters(_ name: String) -> String { GivenOption.normal(name).replacing("_", with: "") }
    guard let kind = Self.kinds.first(where: { letters($0.name) == letters(name) }) else { return nil }
    func configured<Model: SessionModel>(_ model: Model.Type) -> Self { Self(model) }
    self = configured(kind)
  }

  /// The model that options name under `model`, with those of the others that it has.
  /// - Throws: `OptionError`.
  public init(options: [String: String]) throws(OptionError) {
    var configuration = ModelConfiguration(GRU4Rec.self)
    guard let name = options["model"] else { throw .missing("model", allowed: "one of \(listed(Self.names))") }
    try Self.choice.set(GivenOption(flag: "model", name), in: &configuration)
    try configuration.table.set(known: options, in: &configuration)
    self = configuration
  }

  /// What the command line calls the model.
  public var name: String { kind.name }

  /// What the model is best trained with: see `SessionModel`.
  public var recipe: [String: String] { kind.recipe }

  /// The choice of the model. It comes before all options of models: a new one has its own, at their defaults.
  public static let choice = choice(among: names + CountingModel.names)

  /// The same where models that count are none.
  package static let neuralChoice = choice(among: names)

  private static func choice(among names: [String]) -> OptionTable<ModelConfiguration> {
    OptionTable([
      OptionDeclaration(
        "model", \.self, .model(among: names), isRequired: true,
        "\(names.joined(separator: ", ")): see caravan models.")
    ])
  }

  /// The options that this model has.
  public var table: OptionTable<ModelConfiguration> {
    func table<Model: SessionModel>(_ model: Model.Type) -> OptionTable<ModelConfiguration> {
      Model.Options.table.lifted {
        $0.options as! Model.Options
      } set: {
        $0.options = $1
      }
    }
    return table(kind)
  }

  /// The options of all models here, which have them, and what they are best trained with.
  public static var summaries: [OptionSummary] { summariesByModel.merged }

  /// The options of each model.
  private static var summariesByModel: [OptionSummary] {
    kinds.flatMap { kind in
      let tuned = Self(tuned: kind)
      return tuned.table.summaries(tuned, owner: kind.name)
    }
  }

  /// A model as its recipe has it.
  /// - Precondition: the recipe's values are allowed, which a test looks after.
  public init<Model: SessionModel>(tuned model: Model.Type) {
    self.init(model)
    do {
      try table.set(known: model.recipe, in: &self)
    } catch {
      preconditionFailure("\(model.name)'s recipe: \(error)")
    }
  }

  /// The models, of any kind, that have an option of that name, or alias: an alias need not be one in all models that have
  /// the option.
  public static func owners(of option: String) -> [String] {
    let all = summariesByModel + CountingOptions.summaries
    let own = all.filter { $0.name == option }
    return (own.isEmpty ? all.filter { $0.aliases.contains(option) } : own).flatMap { $0.defaults.map(\.owner) }
  }

  /// - Throws: `OptionError.badValue`.
  public func validate() throws(OptionError) { try options.validate() }

  /// The model, its weights all zero.
  /// - Parameter items: how many items the catalogue has, without padding.
  public func makeModel(items: Int) -> any SessionModel {
    func make<Model: SessionModel>(_ model: Model.Type) -> any SessionModel {
      Model(options as! Model.Options, items: items)
    }
    return make(kind)
  }
}

extension OptionKind<ModelConfiguration> {
  fileprivate static func model(among names: [String]) -> Self {
    var kind = Self("one of \(listed(names))", valueName: "name") {
      ModelConfiguration(name: $0)
    } text: {
      $0.name
    }
    kind.choices = names
    return kind
  }
}
