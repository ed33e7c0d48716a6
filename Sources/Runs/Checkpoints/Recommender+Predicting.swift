import Evaluation
import MPI
import Sessions

extension Recommender {
  /// Predicts the next products of sessions; collective.
  /// - Parameters:
  ///   - sessions: the same on every rank, over the vocabulary of the data set. One without clicks gets what is popular in
  ///     its locale.
  ///   - dataset: that the models were loaded for.
  ///   - threads: how many threads of this process rank; they change no prediction.
  /// - Returns: on rank 0 the predictions, in the order of the sessions; nil on the others.
  /// - Throws: what `Predictor` throws.
  public func predict(
    _ sessions: SessionTable, of dataset: PreparedDataset, _ options: Predictor.Options = Predictor.Options(),
    threads: Int = 1
  ) throws -> Predictions? {
    try Predictor(dataset, options, items: items, threads: threads, group: group).predict(scorer(), for: sessions)
  }
}
