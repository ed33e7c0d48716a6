import Foundation
import Provenance

/// The manual's pages, made of what the commands declare: `caravan.1`, and one a command, such as `caravan-train.1`.
struct ManualPages {
  private let root: CommandDescription

  init() throws {
    root = try JSONDecoder().decode(CommandDescription.Dump.self, from: Data(Caravan._dumpHelp().utf8)).command
  }

  /// The pages' text by their files' names.
  var files: [(name: String, text: String)] {
    let commands = root.shownCommands
    return [("caravan.1", page(of: root, listing: commands))]
      + commands.map { ("caravan-\($0.commandName).1", page(of: $0, listing: [])) }
  }

  private func page(of command: CommandDescription, listing commands: [CommandDescription]) -> String {
    let isRoot = command.commandName == root.commandName
    let words = isRoot ? ["caravan"] : ["caravan", command.commandName]
    var lines = [
      ".TH \(words.joined(separator: "-").uppercased()) 1 \"\" \"caravan \(caravanVersion)\" \"Caravan\"", ".ad l",
      ".SH NAME", Self.text(words.joined(separator: "-")) + " \\- " + Self.text(command.abstract ?? ""),
      ".SH SYNOPSIS", ".B \(Self.text(words.joined(separator: " ")))",
      Self.text(isRoot ? "command [options]" : command.synopsis),
    ]
    if let discussion = command.discussion {
      lines +=
        [".SH DESCRIPTION"]
        + discussion.split(separator: "\n", omittingEmptySubsequences: false).map { line in
          // A line that is a command stands by itself, as in the help.
          line.hasPrefix("caravan ") ? ".RS\n\(Self.text(line))\n.RE" : line.isEmpty ? ".PP" : Self.text(line)
        }
    }
    var section: String?
    var rest = command.shownArguments[...]
    while let argument = rest.popFirst() {
      if lines.last(where: { $0 == ".SH OPTIONS" }) == nil { lines.append(".SH OPTIONS") }
      if let title = argument.sectionTitle, title != section { lines.append(".SS \(Self.text(title))") }
      section = argument.sectionTitle
      var spelling = argument.spelling
      // A flag and what takes it back are two arguments, of one text.
      if argument.kind == "flag", let next = rest.first, next.kind == "flag", next.words == argument.words {
        spelling += ", " + next.spelling
        rest = rest.dropFirst()
      }
      lines += [".TP", ".B \(Self.text(spelling))", Self.text(argument.words)]
    }
    if !commands.isEmpty {
      lines.append(".SH COMMANDS")
      for one in commands {
        lines += [".TP", ".BR caravan\\-\(Self.text(one.commandName)) (1)", Self.text(one.abstract ?? "")]
      }
    } else {
      lines += [".SH SEE ALSO", ".BR caravan (1)"]
    }
    return lines.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
  }

  /// A text as troff takes it: a hyphen stays the one that can be pasted into a shell, and no line is a request.
  private static func text(_ text: some StringProtocol) -> String {
    let escaped = String(text).replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("\n", with: " ")
    return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
  }
}

/// A command as `--experimental-dump-help` has it, as far as pages need it.
private struct CommandDescription: Decodable {
  struct Dump: Decodable { let command: CommandDescription }

  let commandName: String
  let abstract: String?
  let discussion: String?
  let shouldDisplay: Bool
  let subcommands: [CommandDescription]?
  let arguments: [ArgumentDescription]?

  var shownCommands: [CommandDescription] {
    (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
  }
  var shownArguments: [ArgumentDescription] { (arguments ?? []).filter(\.shouldDisplay) }

  /// What must be given, and that there are options.
  var synopsis: String {
    let given = shownArguments.filter { $0.kind == "positional" || !$0.isOptional }
    return
      ([given.count < shownArguments.count ? "[options]" : nil]
      + given.map { $0.isOptional ? "[\($0.first)]" : $0.first })
      .compactMap { $0 }.joined(separator: " ")
  }
}

private struct ArgumentDescription: Decodable {
  struct Name: Decodable {
    let kind: String
    let name: String

    var spelling: String { (kind == "long" ? "--" : "-") + name }
  }

  let kind: String
  let shouldDisplay: Bool
  let isOptional: Bool
  let isRepeating: Bool
  let sectionTitle: String?
  let names: [Name]?
  let preferredName: Name?
  let valueName: String?
  let defaultValue: String?
  let allValues: [String]?
  let abstract: String?
  let discussion: String?

  private var value: String { kind == "flag" ? "" : "<\(valueName ?? "value")>" }

  /// One spelling and the value.
  var first: String {
    let name = preferredName.map { $0.spelling + (value.isEmpty ? "" : " ") } ?? ""
    return name + value + (kind == "positional" && isRepeating ? " ..." : "")
  }

  /// All spellings and the value.
  var spelling: String {
    if kind == "positional" { return first }
    return (names ?? []).map(\.spelling).joined(separator: ", ") + (value.isEmpty ? "" : " " + value)
  }

  var words: String {
    let values = allValues.map { "values: " + $0.joined(separator: ", ") }
    let standard = defaultValue.flatMap { $0.isEmpty ? nil : "default: " + $0 }
    let notes = [values, standard].compactMap { $0 }.joined(separator: "; ")
    return [abstract, discussion, notes.isEmpty ? nil : "(\(notes))"].compactMap { $0 }.joined(separator: " ")
  }
}
