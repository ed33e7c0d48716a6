import Text

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
  case tooManyPredictions(sessions: Int, top: Int)
  /// A score that has no place in an order. The session is counted from 0; the item is nil where only its row is known.
  case notFinite(row: Int, item: String?, split: String, session: Int)
  /// A session vector, counted from 0.
  case vectorNotFinite(session: Int)
  /// Locales that candidates are asked from, in which nothing was seen.
  case noProducts(locales: [String])
  case nothingPredicted(sessions: Int)

  public var description: String {
    switch self {
    case .unknownCandidates(let text):
      "unknown candidates '\(printable(text))': choose all, locale, or locales such as ES,FR,IT"
    case .unknownMetric(let text):
      "unknown metric '\(printable(text))': write Recall@K, MRR@K or NDCG@K with K from 1, such as MRR@100"
    case .badCutoffs(let text):
      "'\(printable(text))' is no list of cut-offs: write whole numbers from 1, such as 10,20,100"
    case .metricNotComputed(let metric, let computed):
      "\(metric) was not computed: add its cut-off, or choose from "
        + computed.map(\.description).joined(separator: ", ")
    case .noSessions(let split):
      "there are no \(split) sessions to evaluate: choose another --split, or prepare the data set with some, such as "
        + (split == "valid" ? "--valid-fraction 0.1" : "--test FILE, --test-days 1 or --test-fraction 0.1")
    case .unknownTargets(let split, let count, let total, let first):
      "\(count) of \(total) \(split) sessions have no answer, the first is number \(first + 1): "
        + "prepare the data set with --truth, or use caravan predict"
    case .catalogueDiffers(let model, let dataset):
      "the model has \(model) items, the data set \(dataset): use the data set that the model was trained on"
    case .unknownOutputFormat(let path):
      "\(path.isEmpty ? "''" : path) names no format of output: end it in .csv or .jsonl"
    case .badTop(let top, let items):
      "cannot predict the top \(top) of \(items) items: choose --top from 1 to \(min(items, Predictor.mostItems))"
    case .tooManyPredictions(let sessions, let top):
      "\(top) products for each of \(sessions) sessions are more than fit: lower --top, or predict for fewer at a time"
    case .notFinite(let row, let item, let split, let session):
      "the score of \(item.map { "item \(printable($0, limit: 40)) (row \(row))" } ?? "row \(row)") for \(split) session "
        + "\(session), counted from 0, is not finite: the model diverged, train it again with a lower --lr"
    case .vectorNotFinite(let session):
      "the vector of session \(session), counted from 0, is not finite: the model diverged, train it again with a lower "
        + "--lr"
    case .noProducts(let locales):
      "no product was seen in \(locales.joined(separator: ", ")): choose other --candidates, or all"
    case .nothingPredicted(let sessions):
      "none of the \(sessions) sessions has a candidate: choose other --candidates, or leave out --filter-seen"
    }
  }
}
