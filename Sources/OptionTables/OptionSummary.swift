/// What is shown of an option: in help, in lists of models, in tables of the documentation.
public struct OptionSummary: Sendable {
  /// As in a file, with underscores.
  public let name: String
  /// What else it is called, as in a file.
  public let aliases: [String]
  /// What stands for the value in help: `number`.
  public let valueName: String
  /// What may stand behind "choose".
  public let allowed: String
  /// Whether the command line gives it no value.
  public let isFlag: Bool
  /// The values, where there are few; empty elsewhere.
  public let choices: [String]
  /// What the option means.
  public private(set) var meaning: String
  /// Its default by what has it, such as a model; one entry under "" where all have the same owner.
  public private(set) var defaults: [(owner: String, text: String?)]
  /// What those have instead that differ from the default.
  public var exceptions: [(owner: String, text: String)] = []

  /// The same option where something else stands for its default, or where it means something else.
  public func with(defaultText: String, meaning: String? = nil) -> OptionSummary {
    var option = self
    option.defaults = defaults.map { ($0.owner, defaultText) }
    option.exceptions = []
    option.meaning = meaning ?? option.meaning
    return option
  }

  /// One line: who has the option where not all do, what it means, its default.
  public var help: String {
    let owners = defaults.map(\.owner).filter { !$0.isEmpty }
    let whose = owners.isEmpty ? "" : owners.joined(separator: ", ") + ": "
    let known = defaults.compactMap { entry in entry.text.map { (owner: entry.owner, text: $0) } }
    guard !isFlag, let first = known.first else { return whose + meaning }
    let same = known.count == defaults.count && known.allSatisfy { $0.text == first.text }
    let named = (same ? [] : known) + exceptions
    let values = ((same ? [first.text] : []) + named.map { "\($0.owner) \($0.text)" }).joined(separator: ", ")
    return "\(whose)\(meaning) (default: \(values))"
  }
}

extension OptionTable {
  /// - Parameters:
  ///   - defaults: an owner of which nothing was changed.
  ///   - owner: what has the options, where not all do.
  public func summaries(_ defaults: Owner, owner: String = "") -> [OptionSummary] {
    options.map {
      OptionSummary(
        name: $0.name, aliases: $0.aliases, valueName: $0.valueName, allowed: $0.allowed, isFlag: $0.isFlag,
        choices: $0.choices,
        meaning: $0.help, defaults: [(owner, $0.shownDefault(of: defaults))])
    }
  }
}

extension [OptionSummary] {
  /// Options of one name put together, in the order of their first appearance. Of what they mean the longest is shown:
  /// one that is more than the others' says so.
  public var merged: [OptionSummary] {
    var order: [String] = []
    var byName: [String: OptionSummary] = [:]
    for summary in self {
      guard let other = byName[summary.name] else {
        order.append(summary.name)
        byName[summary.name] = summary
        continue
      }
      byName[summary.name] = OptionSummary(
        name: other.name, aliases: other.aliases + summary.aliases.filter { !other.aliases.contains($0) },
        valueName: other.valueName, allowed: other.allowed, isFlag: other.isFlag, choices: other.choices,
        meaning: other.meaning.count < summary.meaning.count ? summary.meaning : other.meaning,
        defaults: other.defaults + summary.defaults)
    }
    return order.compactMap { byName[$0] }
  }
}
