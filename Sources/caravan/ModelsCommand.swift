import ArgumentParser
import Models
import OptionTables

struct ModelsCommand: LeaderCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "Lists the models, with their options, defaults and papers.",
    discussion: """
      caravan help train NARM says what the options of one of them mean.

      caravan models
      """)

  @Flag(help: "Print all options of plans as docs/options.md has them.")
  var markdown = false

  func run() throws {
    if markdown { return print(OptionPage.text, terminator: "") }
    for kind in ModelConfiguration.kinds {
      print("\(kind.name): \(kind.summary)")
      print("  " + Self.flags(Self.defaults(kind)))
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

  /// The model's own options, and those of training for which it has other values.
  private static func defaults(_ kind: any SessionModel.Type) -> [(name: String, text: String?)] {
    let tuned = ModelConfiguration(tuned: kind)
    let own = tuned.table.texts(of: tuned)
    let training = kind.recipe.filter { tuned.table[$0.key] == nil }.sorted { $0.key < $1.key }
    return own + training.map { ($0.key, $0.value) }
  }

  private static func flags(_ options: [(name: String, text: String?)]) -> String {
    options.map { "\(flag($0.name)) \($0.text ?? "none")" }.joined(separator: " ")
  }
}
