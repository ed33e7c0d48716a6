import Foundation
import MPI
import Models
import OptionTables

/// Options as they were given: by a checkpoint, in a configuration file, as flags. The later outweigh the earlier.
public struct PlanSource: Sendable {
  private var layers: [[GivenOption]]

  /// - Parameters:
  ///   - file: a YAML file of options; nil for none.
  ///   - flags: options by name or alias.
  /// - Throws: `RunError.badConfiguration`.
  public init(file: String?, flags: [String: String]) throws {
    let fromFile = try file.map { try ConfigurationFile.options(at: $0) } ?? []
    layers = [fromFile, Self.layer(of: flags)]
  }

  /// The options that rank 0 was given, on every rank; collective. The other ranks' files are not looked at.
  /// - Throws: on rank 0 `RunError.badConfiguration`, on the others `MPIError.peerFailed`.
  public static func ofLeader(file: String?, flags: [String: String], group: any ProcessGroup) throws -> PlanSource {
    var bytes = try group.together { () -> [UInt8] in
      guard group.rank == 0 else { return [] }
      return Array(try JSONEncoder().encode(PlanSource(file: file, flags: flags).layers))
    }
    try group.broadcast(resizing: &bytes, from: 0)
    return PlanSource(layers: try JSONDecoder().decode([[GivenOption]].self, from: Data(bytes)))
  }

  private init(layers: [[GivenOption]]) { self.layers = layers }

  /// What is to be said of options that do nothing.
  public var notices: [String] {
    layers.joined().compactMap { given in optionsWithoutEffect[given.name].map { "\(given.label) \($0)" } }
  }

  /// What is to be said of options that were given and do nothing beside the plan's others.
  public func idleOptions<Plan: RunPlan>(of plan: Plan) -> [String] {
    plan.table.options.compactMap { option in
      guard option.isIdle(in: plan), let given = given(option), option.read(plan) != option.read(Plan()) else {
        return nil
      }
      return "\(given.label) changes nothing beside the other options: \(option.help)"
    }
  }

  /// The counting model that the options name, if they do.
  public var countingModel: CountingModel? {
    given(ModelConfiguration.choice.options[0]).flatMap { CountingModel(name: $0.text) }
  }

  /// What was given for an option; nil if nothing was.
  package func given<Owner>(_ option: OptionDeclaration<Owner>) -> GivenOption? {
    let names = [option.name] + option.aliases
    return layers.reversed().lazy.compactMap { layer in layer.last { names.contains($0.name) } }.first
  }

  /// The value of an option that must be given, before the others are looked at.
  /// - Throws: `OptionError.missing`.
  package func required<Owner>(_ name: String, of table: OptionTable<Owner>) throws(OptionError) -> String {
    guard let given = table[name].flatMap(given) else { throw table.missing(name) }
    return given.text
  }

  /// The same options, and for those that were not given the values of `defaults`.
  package func over(_ defaults: [String: String]) -> PlanSource {
    PlanSource(layers: [Self.layer(of: defaults)] + layers)
  }

  /// Sorted: of several wrong options every rank names the same one.
  private static func layer(of flags: [String: String]) -> [GivenOption] {
    flags.sorted { $0.key < $1.key }.map { GivenOption(flag: $0.key, $0.value) }
  }

  /// The plan; what the options do not name is what the plan's model and preset say, or keeps its default.
  /// - Throws: `OptionError`.
  public func plan<Plan: RunPlan>(_ kind: Plan.Type) throws(OptionError) -> Plan {
    var plan = Plan()
    // The model decides which other options there are, and with the preset what their defaults are.
    let first = ["model", "preset"]
    for option in first.compactMap({ plan.table[$0] }) {
      if let given = given(option) { try plan.table.set(given, in: &plan) }
    }
    let table = plan.table
    let chosen = try chosen(in: table, of: plan.modelName)
    try table.set(known: plan.defaults, in: &plan)
    for option in table.options where !first.contains(option.name) {
      if let given = chosen[option.name] { try table.set(given, in: &plan) }
    }
    try table.requireAll(chosen)
    try plan.validate()
    return plan
  }

  /// The options that were given, by the names that the table has for them.
  /// - Throws: `OptionError.unknown`, `.ofOthers`, `.givenTwice`.
  private func chosen<Owner>(in table: OptionTable<Owner>, of owner: String) throws(OptionError) -> [String:
    GivenOption]
  {
    var chosen: [String: GivenOption] = [:]
    for layer in layers {
      var ofLayer: [String: GivenOption] = [:]
      for given in layer {
        if optionsWithoutEffect[given.name] != nil { continue }
        guard let option = table[given.name] else { throw stray(given, table, owner) }
        if let other = ofLayer[option.name], other.text != given.text { throw .givenTwice(other.label, given.label) }
        ofLayer[option.name] = given
      }
      chosen.merge(ofLayer) { $1 }
    }
    return chosen
  }

  /// What commands have as flags beside their plans.
  private static let ofCommandLine = [
    "config", "out", "resume", "trace", "isa", "json", "quiet", "log_format", "log_every", "hang_timeout", "force",
  ]

  /// What is wrong with an option that the table does not have.
  private func stray<Owner>(_ given: GivenOption, _ table: OptionTable<Owner>, _ owner: String) -> OptionError {
    if Self.ofCommandLine.contains(given.name) { return .ofCommandLine(given.label, name: given.name) }
    let others = ModelConfiguration.owners(of: given.name)
    if !others.isEmpty { return .ofOthers(given.label, owner: owner, others: others) }
    let known = table.options.flatMap { [$0.name] + $0.aliases }
    return .unknown(given.label, owner: owner, nearest: nearestName(to: given.name, among: known))
  }
}
