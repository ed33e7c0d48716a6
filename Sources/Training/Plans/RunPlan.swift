import Foundation
import Models
import Yams

/// Every option of a run, written next to its results as `config.yaml` under the names of the command line's flags
/// with underscores.
public protocol RunPlan: Codable, Sendable {
  /// What the command line calls the model.
  var modelName: String { get }

  /// - Throws: a typed error for the first value that makes no sense.
  func validate() throws

  /// The options that decide what is learned: a checkpoint fits a plan that has the same.
  func decidingOptions() throws -> [String: String]
}

extension RunPlan {
  /// The plan as YAML, every option resolved.
  public func yaml() throws -> String {
    let options = try optionTexts(self).map { name, text in
      // An empty list of locales and the like would read as nothing.
      (Node(name), text.map { $0.isEmpty ? Node("", .implicit, .doubleQuoted) : Node($0) } ?? Node("null"))
    }
    return try Yams.serialize(node: Node.mapping(Node.Mapping(options)))
  }

  /// Every option as text, by name; those without a value are left out.
  func resolvedOptions() throws -> [String: String] {
    let given = try optionTexts(self).compactMap { name, text in text.map { (name, $0) } }
    return Dictionary(uniqueKeysWithValues: given)
  }
}

/// Options as they were given, in a configuration file, as flags, or both: a flag outweighs the file.
public struct PlanSource {
  private var options: Node.Mapping
  private let name: String

  /// - Parameters:
  ///   - file: a YAML file of options; nil for none.
  ///   - flags: options by name, as in the file.
  /// - Throws: `TrainingError.badConfiguration`.
  public init(file: String?, flags: [String: String]) throws {
    var options = try file.map(Self.options) ?? Node.Mapping([])
    for (name, value) in flags { options[Node(name)] = Node(value) }
    self.options = options
    name = file ?? "the command line"
  }

  /// The counting model that the options name, if they do.
  public var countingModel: CountingModel? { text(of: "model").flatMap(CountingModel.init(name:)) }

  /// What was given for an option; nil if nothing was.
  func text(of name: String) -> String? { options[Node(name)]?.string }

  /// The same options, and for those that were not given the values of `defaults`.
  func over(_ defaults: [String: String]) -> PlanSource {
    var source = self
    for (name, value) in defaults where source.options[Node(name)] == nil { source.options[Node(name)] = Node(value) }
    return source
  }

  /// The plan; what the options do not name keeps its default.
  /// - Throws: `TrainingError.badConfiguration`, `.unknownOption`, or what the plan's `validate` throws.
  public func plan<Plan: RunPlan>(_ kind: Plan.Type) throws -> Plan {
    let plan: Plan
    do {
      plan = try YAMLDecoder().decode(kind, from: Node.mapping(options))
    } catch let error as DecodingError {
      throw TrainingError.badConfiguration(path: name, reason: error.sentence)
    }
    let known = Set(try optionTexts(plan).map(\.name))
    if let stray = options.keys.compactMap(\.string).first(where: { !known.contains($0) }) {
      throw TrainingError.unknownOption(name: stray, model: plan.modelName)
    }
    try plan.validate()
    return plan
  }

  private static func options(inFile path: String) throws -> Node.Mapping {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw TrainingError.badConfiguration(path: path, reason: "it cannot be read")
    }
    do {
      guard let mapping = try Yams.compose(yaml: text)?.mapping else {
        throw TrainingError.badConfiguration(path: path, reason: "it has no lines of the form `option: value`")
      }
      return mapping
    } catch let error as YamlError {
      throw TrainingError.badConfiguration(path: path, reason: "it is not YAML: \(error)")
    }
  }
}

extension DecodingError {
  /// What is wrong, and where.
  fileprivate var sentence: String {
    switch self {
    case .keyNotFound(let key, _): "it lacks \(key.stringValue)"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      "\(context.codingPath.map(\.stringValue).joined(separator: ".")) has a value of the wrong kind"
    @unknown default: "it does not have the form of a plan"
    }
  }
}
