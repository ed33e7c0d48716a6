import ArgumentParser
import Models
import Training

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "Lists the models, with their options, defaults and papers.")

  func run() throws {
    for kind in ModelConfiguration.kinds {
      print("\(kind.name): \(kind.summary)")
      print("  " + (try defaults(kind).joined(separator: " ")))
      for paper in kind.papers { print("  \(paper)") }
      print()
    }
  }

  /// The model's own flags, as a command line would give them.
  private func defaults<Model: SessionModel>(_ model: Model.Type) throws -> [String] {
    try optionTexts(Model.Options()).map { "--\($0.name.replacing("_", with: "-")) \($0.text ?? "none")" }
  }
}
