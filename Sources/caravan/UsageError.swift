import ArgumentParser
import Foundation
import OptionTables
import Text

/// What is wrong with a command line, in one line.
struct UsageError: CustomStringConvertible {
  let description: String

  /// - Parameter message: ArgumentParser's.
  init(_ message: String, _ line: CommandLineText) {
    let commands = Caravan.configuration.subcommands.compactMap { $0.configuration.commandName }
    guard let name = line.command,
      let command = Caravan.configuration.subcommands.first(where: { $0.configuration.commandName == name })
    else {
      let typed = line.command ?? ""
      let nearest = nearestName(to: typed, among: commands)
      description =
        typed.isEmpty || commands.contains(typed)
        ? Self.oneLine(message) + ": see caravan --help"
        : "there is no command \(printable(typed)): "
          + (nearest.map { "did you mean \($0)?" } ?? "choose \(listed(commands))")
      return
    }
    if let unknown = Self.unknownOption(message) {
      let nearest = nearestName(to: unknown, among: Self.flags(of: command))
      description =
        "caravan \(name) has no option \(printable(unknown)): "
        + (nearest.map { "did you mean \($0)?" } ?? "caravan help \(name) lists those that there are")
    } else {
      description = Self.oneLine(message) + ": see caravan help \(name)"
    }
  }

  /// The flag that a message complains of.
  private static func unknownOption(_ message: String) -> String? {
    let parts = message.split(separator: "'", omittingEmptySubsequences: false)
    return parts.count > 2 && message.hasPrefix("Unknown option") ? String(parts[1]) : nil
  }

  /// All flags that the command's help lists.
  private static func flags(of command: any ParsableCommand.Type) -> Set<String> {
    let help = Caravan.helpMessage(for: command, includeHidden: true, columns: 200)
    let words = help.split { !($0.isLetter || $0.isNumber || $0 == "-") }
    return Set(words.filter { $0.hasPrefix("--") }.map(String.init))
  }

  private static func oneLine(_ message: String) -> String {
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    return printable(line.hasSuffix(".") ? String(line.dropLast()) : line, limit: 240)
  }
}
