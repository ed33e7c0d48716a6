import ArgumentParser
import OptionTables

/// A part of a command's help, and the options in it.
protocol FlagSection {
  static var options: [OptionSummary] { get }
}

/// Options of a table as flags of a command: what is declared in the table is all that there is to say.
///
/// ArgumentParser finds a command's flags by a mirror of its properties, and asks for their values as it would decode
/// those. This type shows it a flag for each option instead, and one that help does not list for each alias.
struct OptionFlags<Section: FlagSection>: ParsableArguments, CustomReflectable {
  /// The options that were given, as text, by the names under which they were.
  let given: [String: String]

  init() { given = [:] }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    given = try Self.spellings.reduce(into: [:]) { given, spelling in
      let key = Key(stringValue: spelling.name)
      if spelling.option.isFlag {
        if try values.decode(Flag<Bool>.self, forKey: key).wrappedValue { given[spelling.name] = "true" }
      } else {
        given[spelling.name] = try values.decode(Option<String?>.self, forKey: key).wrappedValue
      }
    }
  }

  var customMirror: Mirror {
    Mirror(self, children: Self.spellings.map { (label: $0.name, value: Self.flag($0.name, $0.option, $0.isAlias)) })
  }

  /// Every name of every option. What is an alias for one model and the name of another's option is listed once.
  private static var spellings: [(name: String, option: OptionSummary, isAlias: Bool)] {
    let options = Section.options
    var seen = Set(options.map(\.name))
    let aliases = options.flatMap { option in
      option.aliases.filter { seen.insert($0).inserted }.map { (name: $0, option: option, isAlias: true) }
    }
    return options.map { (name: $0.name, option: $0, isAlias: false) } + aliases
  }

  private static func flag(_ name: String, _ option: OptionSummary, _ isAlias: Bool) -> Any {
    let names = NameSpecification.customLong(name.replacing("_", with: "-"))
    let model = ModelHelp.current
    let isHidden = isAlias || !(model?.has(option) ?? true)
    let help = ArgumentHelp(
      "\(model?.line(of: option) ?? option.help)", valueName: option.valueName,
      visibility: isHidden ? .hidden : .default)
    if option.isFlag { return Flag(wrappedValue: false, name: names, help: help) }
    return Option<String?>(name: names, help: help, completion: option.completion)
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

extension OptionSummary {
  fileprivate var completion: CompletionKind? {
    if valueName == "folder" { return .directory }
    return choices.isEmpty ? nil : .list(choices)
  }
}
