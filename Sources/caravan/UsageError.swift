import ArgumentParser
import Foundation
import Models
import OptionTables
import Text

/// What is wrong with a command line, in one line.
struct UsageError: CustomStringConvertible {
  let description: String

  /// - Parameter message: ArgumentParser's.
  init(_ message: String, _ line: CommandLineText) {
    description = Self.wrongCommand(line) ?? Self.wrongOption(line) ?? ParserMessage.sentence(message, line)
  }

  private static var commands: [String] {
    Caravan.configuration.subcommands.compactMap { command in
      command.configuration.shouldDisplay ? command.configuration.commandName : nil
    }
  }

  /// What other programs and scripts start.
  private static var hidden: [String] {
    Caravan.configuration.subcommands.compactMap { command in
      command.configuration.shouldDisplay ? nil : command.configuration.commandName
    }
  }

  /// The command that the line names and that there is not.
  static func wrongCommand(_ line: CommandLineText) -> String? {
    let words = line.arguments.prefix { !$0.hasPrefix("-") }.drop { $0 == "help" }
    if line.arguments.first == "help", let stray = words.dropFirst().first {
      let models = ModelConfiguration.names + CountingModel.names
      return words.first == "train"
        ? "there is no model \(printable(stray)): "
          + (nearestName(to: stray, among: models).map { "did you mean \($0)?" } ?? "choose one of \(listed(models))")
        : "help takes one command, and for train a model as well: leave out \(printable(stray))"
    }
    guard let typed = words.first, !commands.contains(typed), !hidden.contains(typed) else { return nil }
    if typed == "caravan" { return "caravan stands there twice: leave out the second one" }
    return "there is no command \(printable(typed)): "
      + (nearestName(to: typed, among: commands).map { "did you mean \($0)?" } ?? "choose \(listed(commands))")
  }

  /// The first option of the line that its command does not have.
  private static func wrongOption(_ line: CommandLineText) -> String? {
    let name = line.command.flatMap { commands.contains($0) ? $0 : nil }
    let command = Caravan.configuration.subcommands.first { $0.configuration.commandName == name }
    let known = flags(of: command ?? Caravan.self)
    let typed = line.own.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }.map {
      String($0.prefix { $0 != "=" })
    }
    guard let stray = typed.first(where: { !known.contains($0) }) else { return nil }
    let owner = name.map { "caravan \($0)" } ?? "caravan"
    let meant = flags(meantBy: stray, of: command ?? Caravan.self)
    let advice =
      OptionHints.otherWay(than: stray.lowercased(), of: name)
      ?? (meant.isEmpty
        ? "\(name.map { "caravan help \($0)" } ?? "caravan --help") lists those that there are"
        : "did you mean \(listed(meant))?")
    return "\(owner) has no option \(printable(stray)): \(advice)"
  }

  /// The flags that someone may have meant: another tool's name, one with a slip, or some that begin alike.
  private static func flags(meantBy stray: String, of command: any ParsableCommand.Type) -> [String] {
    let known = flags(of: command)
    if let synonym = OptionHints.synonyms[stray.lowercased()], known.contains(synonym) { return [synonym] }
    if let nearest = nearestName(to: stray, among: known) { return [nearest] }
    let alike = flags(of: command, includingHidden: false).filter { $0.hasPrefix(stray + "-") }.sorted()
    return alike.count <= 4 ? alike : []
  }

  /// All flags that the command's help lists, and those that it hides.
  private static func flags(of command: any ParsableCommand.Type, includingHidden: Bool = true) -> Set<String> {
    let help = Caravan.helpMessage(for: command, includeHidden: includingHidden, columns: 200)
    let words = help.split { !($0.isLetter || $0.isNumber || $0 == "-") }
    return Set(words.filter { $0.hasPrefix("--") }.map(String.init))
  }
}
