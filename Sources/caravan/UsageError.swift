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
    description = Self.wrongCommand(line) ?? Self.wrongOption(line) ?? Self.oneLine(message, line)
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
    return "\(owner) has no option \(printable(stray)): "
      + (meant.isEmpty
        ? "\(name.map { "caravan help \($0)" } ?? "caravan --help") lists those that there are"
        : "did you mean \(listed(meant))?")
  }

  /// What others call what there is here.
  private static let synonyms = [
    "--k": "--top", "--topk": "--top", "--cutoff": "--top", "--cutoffs": "--top", "--metrics": "--top",
    "--output": "--out", "--output-dir": "--out", "--save-dir": "--out", "--checkpoint-dir": "--out",
    "--data": "--dataset", "--data-path": "--dataset", "--data-dir": "--dataset",
    "--model-file": "--checkpoint", "--ckpt": "--checkpoint", "--run": "--checkpoint",
    "--input": "--sessions", "--train": "--sessions", "--threads": "--threads-per-rank",
    "--num-workers": "--threads-per-rank",
  ]

  /// The flags that someone may have meant: another tool's name, one with a slip, or some that begin alike.
  private static func flags(meantBy stray: String, of command: any ParsableCommand.Type) -> [String] {
    let known = flags(of: command)
    if let synonym = synonyms[stray.lowercased()], known.contains(synonym) { return [synonym] }
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

  private static func oneLine(_ message: String, _ line: CommandLineText) -> String {
    let text = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    // ArgumentParser names the kind of value as help does.
    if let wrong = text.wholeMatch(of: /The value '(.*)' is invalid for '(--[a-z-]+) <([a-z]+)>'(?:: .*)?/) {
      let kind = wrong.3 == "number" || wrong.3 == "share" ? "a number" : "a value as caravan help shows it"
      return "\(wrong.2) is \(printable(String(wrong.1), limit: 80)): give \(kind)"
    }
    if let wrong = text.wholeMatch(
      of: /The value '(.*)' is invalid for '(--[a-z-]+) <.*>'\. Please provide one of (.*)/)
    {
      let choices = wrong.3.replacing(/['.]/, with: "").replacing(" and ", with: " or ")
      return "\(wrong.2) is \(printable(String(wrong.1), limit: 80)): choose \(choices)"
    }
    let sentence = printable(text.hasSuffix(".") ? String(text.dropLast()) : text, limit: 200)
    return sentence + ": see " + (line.command.map { "caravan help \(printable($0))" } ?? "caravan --help")
  }
}
