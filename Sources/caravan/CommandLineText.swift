import ArgumentParser
import Campaigns
import Models
import OptionTables
import Runs

/// A command line as it was typed, made uniform: flags of other tools' spelling are ours.
struct CommandLineText {
  /// Without the options that have no effect.
  let arguments: [String]
  /// Options of other tools that were given, and what is to be said of them.
  let notices: [String]

  init(_ typed: [String]) {
    var arguments: [String] = [], notices: [String] = []
    var rest = typed[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        arguments += [argument] + rest
        break
      }
      guard argument.hasPrefix("--") else {
        arguments.append(argument)
        continue
      }
      let name = argument.prefix { $0 != "=" }
      let option = GivenOption.normal(String(name.dropFirst(2)))
      if let sentence = optionsWithoutEffect[option] {
        notices.append("\(name) \(sentence)")
        if name.count == argument.count, let value = rest.first, !value.hasPrefix("-") { rest = rest.dropFirst() }
      } else {
        let known = arguments.first == "synth" ? Self.formerOfSynth[option] ?? option : option
        arguments.append(flag(known) + argument.dropFirst(name.count))
        // A negative number is a value, not an option that is missing its own.
        if name.count == argument.count, let value = rest.first, value.hasPrefix("-"), Double(value) != nil {
          arguments[arguments.count - 1] += "=" + value
          rest = rest.dropFirst()
        }
      }
    }
    self.arguments = arguments
    self.notices = notices
  }

  /// What options of synth were called before `--sessions` became a file in all commands.
  private static let formerOfSynth = ["sessions": "n_sessions"]

  /// The command's name, if there is one.
  var command: String? { arguments.first.flatMap { $0.hasPrefix("-") ? nil : $0 } }

  /// What is the command's own: not what stands behind another command's name, which `run` starts.
  var own: ArraySlice<String> {
    guard command == "run" else { return arguments[...] }
    let commands = Caravan.configuration.subcommands.compactMap { $0.configuration.commandName }
    return arguments.prefix(1) + arguments.dropFirst().prefix { !commands.contains($0) }
  }

  /// What is said: the values of each option, and what stands outside options under "the command".
  var facts: [(name: String, value: String)] {
    var facts: [(name: String, value: String)] = [("the command", "")]
    var place = 0
    for argument in arguments {
      if argument.hasPrefix("--"), argument.count > 2 {
        let name = argument.prefix { $0 != "=" }
        facts.append((Self.canonical[String(name)] ?? String(name), String(argument.dropFirst(name.count + 1))))
        // What stands behind `--name=value` is no value of it.
        place = name.count == argument.count ? facts.count - 1 : 0
      } else {
        facts[place].value += facts[place].value.isEmpty ? argument : " " + argument
      }
    }
    // An option that is given several times keeps its order: mostly the last one counts.
    let options = Dictionary(grouping: facts.dropFirst(), by: \.name).sorted { $0.key < $1.key }
    return facts.prefix(1) + options.map { ($0.key, $0.value.map(\.value).joined(separator: ", then ")) }
  }

  /// The first option that was given an empty text, such as a variable of a script that is not set.
  var emptyOption: String? {
    let next = arguments.dropFirst() + ["-"]
    return zip(arguments, next).first { $0.hasPrefix("--") && ($0.hasSuffix("=") || $1.isEmpty) }
      .map { String($0.0.prefix { $0 != "=" }) }
  }

  /// A flag under the name that its declaration has, where it is another tool's.
  private static let canonical: [String: String] = {
    let sections = TrainingPlan.sections
    let all = [
      sections.plan, sections.optimization, sections.loss, ModelConfiguration.summaries, FineTuningPlan.sections.own,
      BenchPlan.section, ForecastPlan.section,
    ].joined()
    let names = Set(all.map(\.name))
    let pairs = all.flatMap { option in option.aliases.map { ($0, option.name) } }.filter { !names.contains($0.0) }
    return Dictionary(pairs.map { (flag($0.0), flag($0.1)) }) { first, _ in first }
  }()
}
