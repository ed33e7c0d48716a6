import Evaluation
import MPI
import Models
import Sessions
struct ValidEvaluation {
  init(plan: TrainingPlan, dataset: PreparedDataset, metric: ValidMetric, group: any ProcessGroup) {}
  func evaluate(_ model: any SessionModel) throws -> (value: Double, figures: RankingReport)? { nil }
}
