import Campaigns
import Models
import OptionTables
import Runs

/// `docs/options.md`: every option of a plan, as its declaration has it.
enum OptionPage {
  static var text: String {
    let sections = TrainingPlan.sections
    let tables = [
      ("Plan", "train, finetune, sweep", sections.plan),
      ("Optimization", "train, finetune, sweep", sections.optimization),
      ("Loss", "train, finetune, sweep", sections.loss),
      ("Models", "train, finetune, sweep, bench, plan", ModelConfiguration.summaries),
      ("Counting", "train", CountingOptions.summaries),
      ("Hand-off", "finetune, sweep over finetune", FineTuningPlan.sections.own),
      ("Bench", "bench", BenchPlan.section),
      ("Forecast", "plan", ForecastPlan.section),
    ]
    return """
      # Options

      `caravan models --markdown` prints this page from the options' declarations; a test compares the two. In files an
      option has its name, on the command line `--` before it; dashes and underscores, capital and small letters are one.
      The other names are RecBole's, or those of GRU4Rec's authors.


      """
        + tables.map { title, commands, options in
          "## \(title)\n\nOf \(commands).\n\n| option | other names | values | what it is |\n|---|---|---|---|\n"
            + options.map(row).joined()
        }.joined(separator: "\n")
        + "\n## Without effect\n\n"
        + optionsWithoutEffect.sorted { $0.key < $1.key }.map { "- `\($0.key)` \($0.value).\n" }.joined()
  }

  private static func row(_ option: OptionSummary) -> String {
    let aliases = option.aliases.map { "`\($0)`" }.joined(separator: ", ")
    let values = option.isFlag ? "given or not" : option.allowed
    return "| `\(option.name)` | \(aliases) | \(values) | \(option.help.replacing("|", with: "\\|")) |\n"
  }
}
