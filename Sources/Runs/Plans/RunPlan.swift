import Foundation
import OptionTables
import Yams

/// Every option of a run, written next to its results as `config.yaml` under the names of the command line's flags
/// with underscores.
public protocol RunPlan: Sendable {
  /// The defaults, where nothing is given yet that must be.
  init()

  /// All options, those of the plan's model among them.
  var table: OptionTable<Self> { get }

  /// What the command line calls the model.
  var modelName: String { get }

  /// What the plan's model and preset say of options that are not given, by name; what they leave out keeps the value
  /// that a new plan has.
  var defaults: [String: String] { get }

  /// - Throws: `OptionError` for the first value that makes no sense, by itself or beside the others.
  func validate() throws(OptionError)

  /// The options that decide what is learned, as text, by name: a checkpoint fits a plan that has the same.
  var decidingOptions: [String: String] { get }
}

extension RunPlan {
  /// Nothing: what is not given keeps the value that a new plan has.
  public var defaults: [String: String] { [:] }

  /// Checks each value by itself.
  /// - Throws: `OptionError.badValue`.
  public func validate() throws(OptionError) { try table.check(self) }

  /// Those that the table's declarations call deciding.
  public var decidingOptions: [String: String] { table.decidingTexts(of: self) }

  /// The plan as YAML, every option resolved.
  public func yaml() throws -> String {
    let options = table.texts(of: self).map { name, text in
      // A folder called `null` is none without quotes.
      (Node(name), text.map { Node($0).isNone ? Node($0, .implicit, .doubleQuoted) : Node($0) } ?? Node("null"))
    }
    return try Yams.serialize(node: Node.mapping(Node.Mapping(options)), allowUnicode: true)
  }

  /// What a checkpoint's options are compared with: those that decide here, or decided there. What always decides comes
  /// first, for on it hangs whether the others do.
  package func optionsToCompare(with saved: [String: String]) -> [(name: String, text: String?)] {
    let texts = table.options.map { (option: $0, text: $0.read(self)) }
      .filter { $0.option.decidesBits(of: self) || saved[$0.option.name] != nil }
    return (texts.filter { $0.option.alwaysDecides } + texts.filter { !$0.option.alwaysDecides })
      .map { ($0.option.name, $0.text) }
  }

  /// What a checkpoint has for an option, as it is written today: 0 and 0.0 are one value.
  package func canonical(_ saved: String, of name: String) -> String? {
    var plan = self
    if saved.isEmpty { return nil }
    guard table[name] != nil else { return saved }
    do throws(OptionError) { try table.set(GivenOption(flag: name, saved), in: &plan) } catch { return saved }
    return table[name]?.read(plan)
  }

  /// What an option was before there was a choice, for the plan's model: RecBole's value.
  package func originalText(of name: String) -> String? {
    var plan = Self()
    if let model = table["model"]?.read(self) { try? plan.table.set(known: ["model": model], in: &plan) }
    try? plan.table.set(known: ["preset": Preset.recbole.rawValue], in: &plan)
    try? plan.table.set(known: plan.defaults, in: &plan)
    return plan.table[name]?.read(plan)
  }
}
