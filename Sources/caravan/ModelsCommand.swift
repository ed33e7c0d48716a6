import ArgumentParser
import Models
import OptionTables

struct ModelsCommand: LeaderCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "Lists the models, with their options, defaults and papers.")

  @Flag(help: "Print all options of plans as docs/options.md has them.")
  var markdown = false

  func run() throws {
    if markdown { return print(OptionPage.text, terminator: "") }
    for kind in ModelConfiguration.kinds {
      print("\(kind.name): \(kind.summary)")
      print("  " + Self.defaults(kind))
      for paper in kind.papers { print("  \(paper)") }
      print()
    }
    for counting in CountingModel.allCases {
      print("\(counting.name): \(counting.summary)")
      print(counting.hasOptions ? "  " + Self.countingDefaults : "  no options but --dataset and --locales")
      print()
    }
  }

  private static var countingDefaults: String { flags(CountingOptions.table.texts(of: CountingOptions())) }

  /// The model's own flags, as a command line would give them.
  private static func defaults<Model: SessionModel>(_ model: Model.Type) -> String {
    flags(Model.Options.table.texts(of: Model.Options()))
  }

  private static func flags(_ options: [(name: String, text: String?)]) -> String {
    options.map { "\(flag($0.name)) \($0.text ?? "none")" }.joined(separator: " ")
  }
}
