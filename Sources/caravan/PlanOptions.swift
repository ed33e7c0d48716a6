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
enum HandOffSection: FlagSection { static var options: [OptionSummary] { FineTuningPlan.sections.own } }
enum HandOffPlanSection: FlagSection { static var options: [OptionSummary] { FineTuningPlan.sections.plan } }
enum HandOffLossSection: FlagSection { static var options: [OptionSummary] { FineTuningPlan.sections.loss } }
enum HandOffModelSection: FlagSection { static var options: [OptionSummary] { FineTuningPlan.sections.model } }
enum BenchSection: FlagSection { static var options: [OptionSummary] { BenchPlan.section } }
enum ForecastSection: FlagSection { static var options: [OptionSummary] { ForecastPlan.section } }

/// The options of several sections that were given.
func joined(_ given: [String: String]...) -> [String: String] { given.reduce(into: [:]) { $0.merge($1) { $1 } } }
