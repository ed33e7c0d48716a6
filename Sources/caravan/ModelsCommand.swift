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
      print("  " + defaults(kind).joined(separator: " "))
      for paper in kind.papers { print("  \(paper)") }
      print()
    }
    for counting in CountingModel.allCases {
      print("\(counting.name): \(counting.summary)\n  no options but --dataset and --locales\n")
    }
  }

  /// The model's own flags, as a command line would give them.
  private func defaults<Model: SessionModel>(_ model: Model.Type) -> [String] {
    Model.Options.table.texts(of: Model.Options()).map { "\(flag($0.name)) \($0.text ?? "none")" }
  }
}
