import Models
import Text

/// What ArgumentParser says of a command line, in one sentence that tells what to do.
enum ParserMessage {
  static func sentence(_ message: String, _ line: CommandLineText) -> String {
    let text = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    return wrongValue(text) ?? strayWord(text, line) ?? plain(text, line)
  }

  /// A value that is none of the option's.
  private static func wrongValue(_ text: String) -> String? {
    func value(_ text: Substring) -> String { printable(String(text), limit: 80) }
    // The kind of value is named as in help.
    if let wrong = text.wholeMatch(of: /The value '(.*)' is invalid for '(--[a-z-]+) <([a-z]+)>'(?:: .*)?/) {
      let kinds = [
        "number": "a number", "share": "a number below 1, such as 0.1", "days": "a number, such as 1 or 0.5",
      ]
      let isNegative = Double(wrong.1).map { $0 < 0 } ?? false
      let kind = isNegative ? "a number from 0 up" : kinds[String(wrong.3)] ?? "a value as caravan help shows it"
      return "\(wrong.2) is \(value(wrong.1)): give \(kind)"
    }
    let choice = /The value '(.*)' is invalid for '(--[a-z-]+) <.*>'\. Please provide one of (.*)/
    guard let wrong = text.wholeMatch(of: choice) else { return nil }
    let choices = wrong.3.replacing(/'|\.$/, with: "").replacing(" and ", with: " or ")
    return "\(wrong.2) is \(value(wrong.1)): choose \(choices)"
  }

  /// A word that stands behind no option.
  private static func strayWord(_ text: String, _ line: CommandLineText) -> String? {
    if text.hasPrefix("Unknown option '-n'") {
      return "-n stands before the command that ranks run: caravan run -n 2 \(line.command ?? "train") …"
    }
    let unexpected = text.firstMatch(of: /^(?:Unexpected argument|\d+ unexpected arguments:) '(.*?)'/)
    let second = line.own.dropFirst().first.flatMap { $0.hasPrefix("-") ? nil : $0 }
    let isMissing =
      text.hasPrefix("Missing expected argument '--") && !["inspect", "report", "run", "sweep"].contains(line.command)
    guard let stray = unexpected.map({ String($0.1) }) ?? (isMissing ? second : nil) else { return nil }
    let isModel = (ModelConfiguration.names + CountingModel.names).contains(stray)
    let advice =
      switch line.command {
      case "models": "caravan help train \(stray) shows one model"
      case _ where isModel: "did you mean --model \(stray)?"
      case "prepare": "give --sessions before each file"
      default: "a value stands behind its option, see caravan help \(line.command ?? "")"
      }
    return "\(printable(stray, limit: 80)) stands alone: \(advice)"
  }

  private static func plain(_ text: String, _ line: CommandLineText) -> String {
    let sentence = printable(text.hasSuffix(".") ? String(text.dropLast()) : text, limit: 200)
    return sentence + ": see " + (line.command.map { "caravan help \(printable($0))" } ?? "caravan --help")
  }
}
