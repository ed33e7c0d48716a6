import Campaigns
import Models
import OptionTables
import Runs

// The options of plans in the sections of help.

enum PlanSection: FlagSection { static var options: [OptionSummary] { TrainingPlan.sections.plan } }
enum OptimizationSection: FlagSection { static var options: [OptionSummary] { TrainingPlan.sections.optimization } }
enum LossSection: FlagSection { static var options: [OptionSummary] { TrainingPlan.sections.loss } }
enum ModelSection: FlagSection { static var options: [OptionSummary] { ModelConfiguration.summaries } }
enum CountingSection: FlagSection { static var options: [OptionSummary] { CountingOptions.summaries } }
enum HandOffSection: FlagSection { static var options: [OptionSummary] { FineTuningPlan.section } }
enum BenchSection: FlagSection { static var options: [OptionSummary] { BenchPlan.section } }
enum ForecastSection: FlagSection { static var options: [OptionSummary] { ForecastPlan.section } }

/// All options of a training plan as flags.
struct TrainingFlags {
  static func given(
    _ plan: OptionFlags<PlanSection>, _ optimization: OptionFlags<OptimizationSection>,
    _ loss: OptionFlags<LossSection>, _ model: OptionFlags<ModelSection>
  ) -> [String: String] {
    [plan.given, optimization.given, loss.given, model.given].reduce(into: [:]) { $0.merge($1) { $1 } }
  }
}
