import Models
import OptionTables
import Runs
import Synchronization
import Text

/// `caravan help train NARM`: the help of train with the options that one model has, and its defaults.
struct ModelHelp {
  /// By option, what it means for the model and its default, nil where there is none.
  private let options: [String: (meaning: String, defaultText: String?)]

  private init<Plan: RunPlan>(_ plan: Plan) {
    options = Dictionary(
      uniqueKeysWithValues: plan.table.options.map { ($0.name, ($0.help, $0.shownDefault(of: plan))) })
  }

  /// The model that help was asked for, from the start of the process on.
  private static let asked = Mutex<ModelHelp?>(nil)
  static var current: ModelHelp? { asked.withLock { $0 } }

  /// Takes the model's name off a line that asks for its help.
  /// - Returns: the line that ArgumentParser knows.
  static func taken(from arguments: [String]) -> [String] {
    let words = arguments.filter { !["help", "--help", "-h"].contains($0) }
    guard words.count == 2, arguments.count == 3, words[0] == "train", let help = ModelHelp(name: words[1]) else {
      return arguments
    }
    asked.withLock { $0 = help }
    return ["help", "train"]
  }

  private init?(name: String) {
    // Nothing is read: any data set will do.
    guard let source = try? PlanSource(file: nil, flags: ["model": name, "dataset": "data"]) else { return nil }
    if CountingModel.names.contains(name.uppercased()) {
      guard let plan = try? source.plan(CountingPlan.self) else { return nil }
      self.init(plan)
    } else {
      guard let plan = try? source.plan(TrainingPlan.self) else { return nil }
      self.init(plan)
    }
  }

  func has(_ option: OptionSummary) -> Bool { options.keys.contains(option.name) }

  /// One line: what an option means, and what the model has for it by default.
  func line(of option: OptionSummary) -> String {
    let own = options[option.name], meaning = own?.meaning ?? option.meaning
    let isShown = !option.isFlag && option.name != "model"
    guard isShown, let text = own?.defaultText, !text.isEmpty else { return meaning }
    return "\(meaning) (default: \(text))"
  }
}
