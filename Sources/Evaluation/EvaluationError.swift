/// What can be wrong with an evaluation or a prediction. Each case is data; `description` is the one sentence
/// shown to people.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
  case unknownCandidates(String)
  case unknownMetric(String)
  case badCutoffs(String)
  /// A metric was asked for at a cut-off that was not computed.
  case metricNotComputed(RankingMetric, computed: [RankingMetric])
  case noSessions(split: String)
  /// Sessions whose target is not known, and the first of them.
  case unknownTargets(split: String, count: Int, of: Int, first: Int)
  case catalogueDiffers(modelItems: Int, datasetItems: Int)
  case unknownOutputFormat(path: String)
  case badTop(Int, items: Int)

  public var description: String {
    switch self {
    case .unknownCandidates(let text):
      "unknown candidates '\(text)': choose all, locale, or locales such as ES,FR,IT"
    case .unknownMetric(let text):
      "unknown metric '\(text)': write Recall@K, MRR@K or NDCG@K with K from 1, such as MRR@100"
    case .badCutoffs(let text):
      "'\(text)' is no list of cut-offs: write whole numbers from 1, such as 10,20,100"
    case .metricNotComputed(let metric, let computed):
      "\(metric) was not computed: add its cut-off, or choose from "
        + computed.map(\.description).joined(separator: ", ")
    case .noSessions(let split):
      "there are no \(split) sessions to evaluate: prepare the data set with some, or choose another split"
    case .unknownTargets(let split, let count, let total, let first):
      "\(count) of \(total) \(split) sessions have no answer, the first is number \(first + 1): "
        + "prepare the data set with --truth, or use caravan predict"
    case .catalogueDiffers(let model, let dataset):
      "the model has \(model) items, the data set \(dataset): use the data set that the model was trained on"
    case .unknownOutputFormat(let path):
      "\(path) names no format for predictions: end it in .csv or .jsonl"
    case .badTop(let top, let items):
      "cannot predict the top \(top) of \(items) items: choose a number from 1 to \(items)"
    }
  }
}
